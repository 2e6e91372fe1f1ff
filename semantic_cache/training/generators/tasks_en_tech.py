"""English tasks of computing, work and writing. `grammar` says how they are written."""

# ruff: noqa: E501
TASKS = """
@ sort_data fmt
$ order polarity: ascending=in ascending order=from smallest to largest=low to high; descending=in descending order=from largest to smallest=high to low; alphabetically=in alphabetical order=from A to Z; by length=by their length; randomly=in random order; by date=by their date
HOWTO sort (a|an|my) {datatype} {order} in {proglang}?
#{proglang} sort {datatype} {order}
!WRITE {proglang} code (that sorts|to sort) a {datatype} {order}
I want a {datatype} sorted {order}, using {proglang}
{proglang}: {datatype} sorted {order}?
!sort a {datatype} {order} (with|using|in) {proglang}

@ convert_type
HOWTO convert (a|an) {datatype1} (to|into) (a|an) {datatype2} in {proglang}?
#{proglang} {datatype1} to {datatype2}
!WRITE a {proglang} function that (turns|converts) a {datatype1} into a {datatype2}
I have a {datatype1} in {proglang} and need a {datatype2}
in {proglang}, (turn|convert|cast) a {datatype1} (to|into) a {datatype2}
turning {datatype1.1} into {datatype2.1} with {proglang}

@ data_op kind=verb
- reverse
HOWTO reverse (a|my) {datatype} in {proglang}?
#{proglang} reverse {datatype}
!WRITE {proglang} code to reverse a {datatype}
- copy
HOWTO copy a {datatype} in {proglang}?
#{proglang} copy {datatype}
!WRITE {proglang} code that (copies|duplicates) a {datatype}
- loop
HOWTO (loop|iterate) (over|through) a {datatype} in {proglang}?
#{proglang} iterate {datatype}
!show me a {proglang} loop over a {datatype}
- empty
HOWTO check if a {datatype} is empty in {proglang}?
#{proglang} check empty {datatype}
how can I (test|tell) that a {datatype} has nothing in it in {proglang}?
- length
HOWTO get the (length|size) of a {datatype} in {proglang}?
#{proglang} {datatype} length
how do I find out how long a {datatype} is in {proglang}?
- merge
HOWTO (merge|combine|join) two {datatype.1} in {proglang}?
#{proglang} merge two {datatype.1}
- compare
HOWTO compare two {datatype.1} in {proglang}?
#{proglang} compare {datatype.1}
how do I see whether two {datatype.1} are equal in {proglang}?
- print
HOWTO print a {datatype} in {proglang}?
#{proglang} print {datatype}
- create
HOWTO (create|declare|initialize) a {datatype} in {proglang}?
#{proglang} create {datatype}
- dup
HOWTO remove duplicates from a {datatype} in {proglang}?
#{proglang} {datatype} remove duplicates
!make a {datatype} unique in {proglang}

@ list_edge kind=polarity
- first
HOWTO get the first {small} (elements|items) of a {datatype} in {proglang}?
#{proglang} {datatype} first {small} elements
!take the first {small} entries of a {datatype}, {proglang}
- last
HOWTO get the last {small} (elements|items) of a {datatype} in {proglang}?
#{proglang} {datatype} last {small} elements
!take the last {small} entries of a {datatype}, {proglang}
- max
HOWTO get the {small} (largest|biggest|highest) (values|numbers) of a {datatype} in {proglang}?
#{proglang} {datatype} {small} largest values
- min
HOWTO get the {small} (smallest|lowest) (values|numbers) of a {datatype} in {proglang}?
#{proglang} {datatype} {small} smallest values

@ algo_code kind=question
- code
!WRITE {algo} in {proglang}
!(implement|code) {algo} (in|using) {proglang}
#{proglang} {algo}
HOWTO implement {algo} in {proglang}?
I need {proglang} code for {algo}
(can|could) you show {algo} written in {proglang}?
- test
!WRITE unit tests for {algo} in {proglang}
#{proglang} {algo} unit test
HOWTO test {algo} in {proglang}?
- speed
why is my {algo} (so slow|slow) in {proglang}?
#{proglang} {algo} slow
my {proglang} {algo} takes forever
- recursive
!WRITE {algo} in {proglang} without (recursion|recursive calls)
#{proglang} {algo} no recursion
{algo} in {proglang}, but not recursive

@ algo_big
$ case adjective: worst-case=worst case; best-case=best case; average-case=average case
$ what entity: time complexity=running time; space complexity=memory use
what is the {case} {what} of {algo}?
#{algo} {case} {what}
!tell me the {case} {what} of {algo}
for {algo}, what's the {what} in the {case}?

@ error_fix
why do I get (a|an|) {error} in {framework} on {os}?
#{framework} {error} {os}
HOWTO fix {error} (with|in) {framework} on {os}?
{framework} (gives|throws|shows) {error} on {os}
I (keep getting|am getting|get) {error} when I run {framework} on {os}
on {os} my {framework} app fails with {error}
!help me (solve|debug|fix) {error} in {framework}, {os}

@ error_mean kind=question
- mean
what does {error} mean in {proglang}?
#{proglang} {error} meaning
!EXPLAIN the {error} error of {proglang}
- catch
HOWTO (catch|handle) {error} in {proglang}?
#{proglang} catch {error}
- cause
what causes {error} in {proglang}?
why does {error} (happen|occur) in {proglang}?
#{proglang} {error} cause
- raise
HOWTO (raise|throw|trigger) {error} on purpose in {proglang}?
#{proglang} throw {error} deliberately

@ install kind=polarity
- install
HOWTO (install|set up) {framework} on {os}?
#install {framework} {os}
!EXPLAIN how to install {framework} on {os}
I want to get {framework} running on my {os} machine
- uninstall
HOWTO (uninstall|remove) {framework} (from|on) {os}?
#uninstall {framework} {os}
I want to get rid of {framework} on my {os} machine
- update
HOWTO (update|upgrade) {framework} on {os}?
#update {framework} {os}
I want the newest {framework} on my {os} machine
- downgrade
HOWTO (downgrade|go back to an older version of) {framework} on {os}?
#downgrade {framework} {os}
- version
HOWTO check which version of {framework} I have on {os}?
#check {framework} version {os}
which {framework} version is on my {os} machine?

@ migrate
HOWTO (migrate|switch|move) from {framework1} to {framework2}?
#{framework1} to {framework2} migration
!help me (port|migrate) my project from {framework1} to {framework2}
our app uses {framework1} and we want {framework2} instead
replacing {framework1} (with|by) {framework2}, how?

@ framework_vs sym fmt
what is the difference between {framework1} and {framework2}?
#{framework1} vs {framework2}
should I (use|learn|choose) {framework1} or {framework2}?
!compare {framework1} (and|with) {framework2}
how does {framework1} compare to {framework2}?

@ lang_vs_speed kind=adjective
- faster
is {proglang1} faster than {proglang2}?
does {proglang1} run quicker than {proglang2}?
#is {proglang1} faster than {proglang2}
- easier
is {proglang1} easier (to learn|) than {proglang2}?
is it simpler to learn {proglang1} than {proglang2}?
#is {proglang1} easier than {proglang2}
- older
is {proglang1} older than {proglang2}?
did {proglang1} exist before {proglang2}?
- safer
is {proglang1} safer than {proglang2}?
does {proglang1} have fewer security bugs than {proglang2}?

@ port_code
!(translate|convert|port|rewrite) this {proglang1} code (to|into|in) {proglang2}
#{proglang1} to {proglang2} code converter
I have {proglang1} code and (need|want) it in {proglang2}
how would this {proglang1} (function|code) look in {proglang2}?
!turn the following {proglang1} into {proglang2}

@ call_from
HOWTO call {proglang1} (code|functions) from {proglang2}?
#call {proglang1} from {proglang2}
can {proglang2} (call|run|use) {proglang1} code, and how?
I want to use a {proglang1} library in {proglang2}

@ concept_ask kind=question fmt
- what
what is {concept}?
!EXPLAIN {concept}
#{concept} explained
what does {concept} mean (in programming|in computing|)?
- how
how does {concept} work?
#how {concept} works
how exactly does {concept} work (internally|under the hood)?
- when
when should I use {concept}?
#when to use {concept}
in which situations is {concept} (useful|appropriate)?
- why
why do we need {concept}?
#why {concept}
what problem does {concept} solve?
- bad
what are the (disadvantages|drawbacks|downsides) of {concept}?
#{concept} disadvantages
- good
what are the (advantages|benefits|upsides) of {concept}?
#{concept} advantages
- interview
!GIVE interview questions about {concept}
#{concept} interview questions

@ concept_in
$ do verb: implement=build; test; debug; disable=turn off; enable=turn on; avoid=prevent; log; monitor; document; simulate
HOWTO {do} {concept} in {proglang}?
#{proglang} {do} {concept}
I (want|need|am trying) to {do} {concept} in {proglang}
!show me how to {do} {concept} with {proglang}
what's the (usual|standard) way to {do} {concept} in {proglang}?

@ sql kind=verb
$ obj entity: table; column; index; view; database; user; trigger; foreign key; primary key; schema; stored procedure
- create
HOWTO (create|add|make) a {obj} in {database}?
#{database} create {obj}
!WRITE {database} SQL (that creates|to create) a {obj}
- drop
HOWTO (drop|delete|remove) a {obj} in {database}?
#{database} drop {obj}
!WRITE {database} SQL (that deletes|to drop) a {obj}
- rename
HOWTO rename a {obj} in {database}?
#{database} rename {obj}
how do I change the name of a {obj} in {database}?
- list
HOWTO (list|show|see) every {obj} in {database}?
#{database} list all {obj}
- copy
HOWTO (copy|duplicate|clone) a {obj} in {database}?
#{database} copy {obj}
- exists
HOWTO check (if|whether) a {obj} exists in {database}?
#{database} check {obj} exists

@ sql_join kind=scope
- inner
HOWTO do an inner join of {small} tables in {database}?
#{database} inner join {small} tables
!WRITE an inner join over {small} tables for {database}
- left
HOWTO do a left join of {small} tables in {database}?
#{database} left join {small} tables
!WRITE a left join over {small} tables for {database}
- right
HOWTO do a right join of {small} tables in {database}?
#{database} right join {small} tables
- full
HOWTO do a full outer join of {small} tables in {database}?
#{database} full outer join {small} tables

@ db_migrate
HOWTO (move|migrate|copy) (data|my data) from {database1} to {database2}?
#{database1} to {database2} migration
!help me (export|move) a database from {database1} into {database2}
I have {database1} and want everything in {database2}
{database1} to {database2}, how do I transfer the data?

@ git kind=verb
$ what entity: commit; branch; tag; merge; rebase; stash; push; file; submodule; remote
$ n constraint: last=latest=most recent; first; oldest; local; remote one=on the remote
- undo
HOWTO (undo|revert|take back) the {n} {what} in git?
#git undo {n} {what}
I (made a mistake|messed up) and want to undo the {n} {what} in git
- show
HOWTO (show|see|view) the {n} {what} in git?
#git show {n} {what}
- rename
HOWTO rename the {n} {what} in git?
#git rename {n} {what}
- delete
HOWTO (delete|remove) the {n} {what} in git?
#git delete {n} {what}
I want the {n} {what} gone from git

@ os_how
$ act entity: take a screenshot=make a screenshot=capture the screen; split the screen; record the screen; change the wallpaper=set another wallpaper; add a user=create a user account; connect to Wi-Fi=join a wireless network; find large files; empty the trash=empty the recycle bin; change the default browser; mount a USB drive; show hidden files; free up disk space=free up storage; check the battery health; set up a VPN; change the keyboard layout; kill a process=force quit an app; encrypt the disk; rename many files at once=batch rename files; zip a folder=compress a folder; update the system
HOWTO {act} on {os}?
#{os} {act}
I (want|need|am trying) to {act} on {os}
!EXPLAIN how to {act} on (my|a|) {os}
on {os}, how (do|can) I {act}?
is there a shortcut to {act} on {os}?

@ os_toggle kind=polarity
$ feat entity: Bluetooth; dark mode; location services=location; airplane mode; automatic updates=auto updates; notifications; the firewall; two-factor authentication=2FA; autocorrect; the touchpad; night light; the microphone; the camera; screen lock; VPN; developer mode; battery saver=power saving mode; the lock screen; hotspot
- on
HOWTO (turn on|enable|switch on|activate) {feat} on {os}?
#enable {feat} {os}
I want {feat} (on|enabled|active) on my {os}
!help me (enable|activate) {feat} on {os}
- off
HOWTO (turn off|disable|switch off|deactivate) {feat} on {os}?
#disable {feat} {os}
I don't want {feat} on my {os} (any more|)
!help me (disable|deactivate) {feat} on {os}
- missing
why is {feat} (missing|greyed out|not available) on {os}?
#{feat} missing {os}
I can't find {feat} on my {os}
- broken
why does {feat} not work on {os}?
#{feat} not working {os}
{feat} (stopped working|is broken) on my {os}

@ browser kind=verb
$ thing entity: cookies; cache; history=browsing history; saved passwords; bookmarks; extensions=add-ons; downloads; pop-ups; autofill data; search engines; site permissions
- clear
HOWTO (clear|delete|remove) {thing} in {browser} on {os}?
#{browser} {os} clear {thing}
I want to delete the {thing} in {browser}, {os}
- export
HOWTO (export|save|back up) {thing} from {browser} on {os}?
#{browser} {os} export {thing}
- import
HOWTO import {thing} into {browser} on {os}?
#{browser} {os} import {thing}
- block
HOWTO (block|stop|disable) {thing} in {browser} on {os}?
#{browser} {os} block {thing}
- see
HOWTO (see|view|find) {thing} in {browser} on {os}?
#{browser} {os} view {thing}
where are the {thing} in {browser} on {os}?

@ browser_move
HOWTO import (bookmarks|my bookmarks) from {browser1} to {browser2}?
#bookmarks {browser1} to {browser2}
I am switching from {browser1} to {browser2} and want my bookmarks
!move my bookmarks to {browser2} from {browser1}

@ app_how
$ act entity: add page numbers; insert a table; make a chart=create a graph; change the font; change the margins; add a footnote; merge two files=combine two files; export to PDF=save as PDF; undo a change; find and replace=search and replace text; add a comment; share a file; add a watermark; rotate an image=turn a picture; change the language; insert an image=add a picture; use dark mode; lock a layer; track changes; print double-sided; record a macro; create a template
HOWTO {act} in {app}?
#{app} {act}
I (want|need|am trying) to {act} in {app}
in {app}, how (do|can) I {act}?
!show me how to {act} in {app}
where (do I find|is) the option to {act} in {app}?

@ excel kind=verb
$ agg verb: sum=add up=total; average=take the mean of; count; find the maximum of=get the largest of; find the minimum of=get the smallest of; multiply; sort; find duplicates in; highlight; delete; hide; lock=protect; round; rank
$ what scope: all cells=every cell; only visible cells=just the visible cells; only colored cells=just the coloured cells; only empty cells=just the blank cells; only positive numbers=just the positive values; only negative numbers=just the negative values; a whole row; a whole column; the first column; the last column; unique values only=distinct values only
HOWTO {agg} {what} in (Excel|a spreadsheet)?
#excel {agg} {what}
what is the Excel (formula|way) to {agg} {what}?
I need to {agg} {what} in Excel
!give me an Excel trick to {agg} {what}

@ regex
$ what entity: email addresses=emails; phone numbers; URLs=web addresses; dates; IP addresses; hex colors; whitespace; digits=numbers; capital letters=uppercase letters; HTML tags; file extensions; postal codes=zip codes; credit card numbers; usernames; hashtags; quoted strings
$ how verb: match=find; remove=strip out; replace; count; validate=check; split on; extract=pull out
HOWTO {how} {what} with a (regex|regular expression) in {proglang}?
#{proglang} regex {how} {what}
!WRITE a {proglang} regex (that can|to) {how} {what}
I need a (regular expression|regex) to {how} {what} in {proglang}
(regex|regular expression) to {how} {what} ({proglang}|in {proglang})

@ file_op
$ act verb: read; write; append to; delete; copy; rename; download; upload; compress=zip; encrypt; parse; validate; open
$ file entity: a text file; a CSV file; a JSON file; an XML file; a PDF; an image; a YAML file; an Excel file; a binary file; a log file; a zip file; a video; a config file
$ how constraint: ; line by line; asynchronously=async; in parallel; with a progress bar; without loading it into memory; without external libraries=using only the standard library; over HTTP; recursively
HOWTO {act} {file} in {proglang} {how}?
#{proglang} {act} {file} {how}
!WRITE {proglang} code to {act} {file} {how}
I (want|have|need) to {act} {file} in {proglang} {how}
!show me how to {act} {file} {how} in {proglang}

@ docker kind=verb
$ obj entity: container~containers; image~images; volume~volumes; network~networks; build cache~build caches; pod~pods; registry~registries; service~services
- delete all
HOWTO (delete|remove) all {obj.1} with the Docker tool?
#docker remove all {obj.1}
!delete every {obj} in Docker
- delete unused
HOWTO (delete|remove) only unused {obj.1} with the Docker tool?
#docker remove unused {obj.1}
!delete just the {obj.1} that nothing uses in Docker
- list
HOWTO list (all|the) {obj.1} with the Docker tool?
#docker list {obj.1}
- create
HOWTO create a {obj} with the Docker tool?
#docker create {obj}
- inspect
HOWTO inspect a {obj} with the Docker tool?
#docker inspect {obj}
HOWTO see the details of a Docker {obj}?

@ css
$ how verb: center~centered=centre~centred; left-align~left-aligned=align to the left~aligned to the left; right-align~right-aligned=align to the right~aligned to the right; hide~hidden; rotate~rotated; blur~blurred; animate~animated; shrink~smaller=make smaller~smaller; enlarge~bigger=make bigger~bigger
$ obj entity: div; image; button; text; form; table; navbar=navigation bar; footer; header; modal; video; link; list; heading
$ dir direction: horizontally; vertically; on hover=when hovered; on mobile=on small screens; on print=when printing; on scroll
HOWTO {how} a {obj} {dir} (in|with) CSS?
#css {how} {obj} {dir}
!WRITE CSS to {how} a {obj} {dir}
I want my {obj} {how.1} {dir}, which CSS do I need?

@ http_code
$ code number: 200; 201; 204; 301; 302; 304; 400; 401; 403; 404; 405; 408; 409; 410; 413; 415; 418; 422; 429; 500; 501; 502; 503; 504
what does (HTTP|status code|HTTP status) {code} mean?
#http {code} meaning
!EXPLAIN (HTTP|the status code|error) {code}
my server (returns|answers with) {code}, what does that mean?
what is an HTTP {code} response?

@ port kind=direction
$ port number: 21; 22; 25; 53; 80; 110; 143; 443; 3000; 3306; 5000; 5432; 6379; 8000; 8080; 8443; 9000; 9092; 27017
- open
HOWTO open port {port} on {os}?
#open port {port} {os}
!allow traffic on port {port}, {os}
- close
HOWTO (close|block) port {port} on {os}?
#close port {port} {os}
!stop traffic on port {port}, {os}
- who
HOWTO see (which process|what) is using port {port} on {os}?
#what uses port {port} {os}
something is using port {port} on {os}, how do I find it?

@ gadget_bug
$ fault entity: won't turn on=does not turn on=is dead; won't charge=does not charge; overheats=gets too hot; is very slow=runs slowly; keeps disconnecting=loses the connection all the time; has no sound=makes no sound; has a cracked screen=has a broken display; keeps restarting=reboots all the time; is not detected=is not recognized; is frozen=hangs; makes a clicking noise=is clicking; won't connect to Wi-Fi=does not connect to Wi-Fi
my {gadget} {fault} after the update
after the update the {gadget} {fault}
why is it that my {gadget} {fault} since the last update?
#{gadget} {fault} after update
(how do I fix it|what can I do) when a {gadget} {fault} after an update?
since I updated, my {gadget} {fault}

@ gadget_connect sym
HOWTO connect a {gadget1} to a {gadget2} (with|over) {link}?
$ link constraint: Bluetooth; USB; HDMI; Wi-Fi=wireless; a cable=a wire; an adapter
#connect {gadget1} to {gadget2} {link}
I want to hook my {gadget1} up to my {gadget2} via {link}
can I (link|pair|connect) a {gadget1} (with|to) a {gadget2} using {link}?

@ buy_gadget
!(recommend|suggest) a {gadget} under {dollars} for {use}
$ use constraint: gaming; students=studying; video editing; travel=travelling; music; work=the office; kids=children; photography; programming=coding; seniors=the elderly
what is the best {gadget} for {use} (under|below|for less than) {dollars}?
#best {gadget} {use} under {dollars}
I need a {gadget} for {use} and can spend {dollars} at most
which {gadget} should I buy for {use} with {dollars}?
my budget is {dollars}, which {gadget} is good for {use}?

@ rewrite
$ how adjective: more formal=formal; more casual=informal; shorter=more concise; longer; more polite=politer; funnier=more humorous; simpler=easier to read; more persuasive=more convincing; friendlier=warmer; more professional=businesslike; more direct; more poetic; less angry=calmer; gender-neutral
$ what entity: email; essay; paragraph; cover letter; speech; blog post; tweet; product description; abstract; resume=CV; complaint; invitation; report; text message
!make (this|my) {what} {how}
!rewrite (this|the following|my) {what} (so that it is|to be) {how}
(can|could) you make my {what} {how}?
this {what} (should|needs to) be {how}
I want (this|the) {what} to sound {how}
!change the tone of this {what}: {how}

@ summarise
$ what entity: article; chapter; meeting; report; paper; contract; email thread; podcast; video; lecture; book; conversation
!summarize (this|the) {what} in {small} (sentences|lines)
!give me a {small} (sentence|line) summary of (this|the) {what}
{small} (sentence|line) summary of the {what}
what does the {what} say, in {small} sentences?
!condense the {what} to {small} sentences
!boil the {what} down to {small} (lines|sentences)

@ write_text
$ kind entity: poem; short story; song; haiku; joke; speech; limerick; blog post; essay; dialogue; press release; fairy tale; riddle; tweet; letter
$ mood adjective: funny=humorous; sad; scary=frightening; romantic; motivational=inspiring; serious; sarcastic; short=brief; long; rhyming
$ about entity: the sea=the ocean; autumn=fall; a lost dog; my first job; a robot; winter; friendship; a broken heart; coffee; time travel; the city at night; a lonely king; moving house; exam stress; football; the moon; an old tree; a train ride
!WRITE a {mood} {kind} about {about}
a {mood} {kind} about {about}
I (need|want|would like) a {mood} {kind} (on|about) {about}
#{mood} {kind} {about}
(can|could) you come up with a {kind} about {about} that is {mood}?
!make a {kind} on {about}, it should be {mood}

@ letter
$ about entity: resign from my job~my resignation; ask for a raise~a pay raise=request a salary increase~a salary increase; ask for a refund~a refund; complain about noise~noise; invite them to dinner~a dinner invitation; apologize for a mistake~an apology for a mistake; thank them for a gift~thanks for a gift; decline an offer~declining an offer; accept an offer~accepting an offer; ask for more time~a deadline extension; cancel a meeting~cancelling a meeting; confirm a meeting~confirming a meeting; report sick~calling in sick; request vacation~a vacation request
!WRITE (a letter|an email) to my {kin} to {about}
!help me write (a letter|an email) in which I {about}, it goes to my {kin}
I (want|need) to {about} and have to write (an email|a letter) to my {kin}
(email|letter) to my {kin} about {about.1}
#{about.1} letter to {kin}

@ job_ask kind=question
- salary
how much does a {job} (earn|make) in {country}?
what is the (average|typical) salary of a {job} in {country}?
#{job} salary {country}
how well (are|is) a {job} paid in {country}?
- become
HOWTO become a {job} in {country}?
#become a {job} {country}
what (training|education) do I need to work as a {job} in {country}?
- hours
how many hours does a {job} work (a week|per week) in {country}?
#{job} working hours {country}
- demand
is a {job} in demand in {country}?
#{job} jobs demand {country}
is it easy to find work as a {job} in {country}?

@ job_doc kind=verb
- cv
!WRITE a (resume|CV) for a {job} with {years} of experience
#{job} resume {years} experience
I'm a {job} with {years} of experience and need a CV
- cover
!WRITE a cover letter for a {job} with {years} of experience
#{job} cover letter {years} experience
I'm a {job} with {years} of experience and need a cover letter
- interview
!GIVE interview questions for a {job} with {years} of experience
#{job} interview questions {years} experience
what will they ask a {job} with {years} of experience in an interview?
- desc
!WRITE a job description for a {job} with {years} of experience
#{job} job posting {years} experience
we are hiring a {job} with {years} of experience and need a job ad

@ career_switch
HOWTO (switch|change|move) (careers|) from {job1} to {job2}?
#{job1} to {job2} career change
I'm a {job1} and want to become a {job2}
can a {job1} become a {job2}, and how?
what do I need to (retrain|change) as a {job2} coming from {job1}?

@ study fmt
!make a {level} study plan for {subject} for {weeks}
$ level adjective: high school=secondary school; college=university; elementary school=primary school; PhD-level=doctoral
I have {weeks} to (learn|study) {subject} at {level} level
{level} {subject} study plan, {weeks}
#{subject} {level} study plan {weeks}
how should I study {level} {subject} in {weeks}?
!plan {weeks} of {level} {subject} for me

@ degree kind=question
- jobs
what jobs can I get with a degree in {subject} from {country}?
#{subject} degree {country} jobs
what can I do with a {country} degree in {subject}?
- years
how long does a degree in {subject} take in {country}?
#{subject} degree length {country}
how many years do you study {subject} in {country}?
- cost
how much does it cost to study {subject} in {country}?
#{subject} tuition {country}
what are the fees for studying {subject} in {country}?
- where
which university is (best|good) for {subject} in {country}?
#best university {subject} {country}
where should I study {subject} in {country}?
"""
