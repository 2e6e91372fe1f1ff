"""More English tasks: comparisons, everyday problems, classroom questions. `grammar` says how they are written."""

# ruff: noqa: E501
TASKS = """
@ learn_how kind=question
$ skill entity: to code=programming; to swim=swimming; to drive=driving; to dance=dancing; to draw=drawing; to knit=knitting; to juggle=juggling; to cook=cooking; to meditate=meditation; to sing=singing; to ski=skiing; to type fast=touch typing; public speaking=speaking in public; chess=playing chess; photography; sign language; calligraphy; first aid; to sew=sewing; to negotiate=negotiation
- how
HOWTO (start learning|begin with|teach myself) {skill} at {age}?
what's a good way to start {skill} at the age of {age}?
#learn {skill} at {age}
I am {age} and (want|would like) to learn {skill}
- late
is it too late to start {skill} at {age}?
am I too old for {skill} at {age}?
#too late {skill} at {age}
- long
how long does it take to get good at {skill} from age {age}?
#time to master {skill} from age {age}
- why
why should I start {skill} at {age}?
what are the benefits of {skill} at {age}?
#benefits of {skill} at {age}

@ feeling
$ feel adjective: lonely=alone; anxious=nervous; bored; angry; jealous=envious; guilty; exhausted=burnt out; homesick; stressed; unmotivated=lazy; insecure; overwhelmed; sad=down; ashamed; proud
$ ctx constraint: at work=in the office; at school; in my marriage=in my relationship; after a breakup=after splitting up; in a new city; on Sundays; at parties; around my parents; before exams=ahead of exams; after having a baby=since my baby was born; at night; during the holidays
I (feel|am feeling|am) {feel} {ctx}
why do I feel {feel} {ctx} and what helps?
HOWTO stop (feeling|being) {feel} {ctx}?
#feeling {feel} {ctx} help
what can I do (if|when) I feel {feel} {ctx}?
I'm always {feel} {ctx}, any tips?

@ habit kind=polarity
$ act entity: smoking~smoke; biting my nails~bite my nails; snacking~snack; gaming~play video games; drinking coffee~drink coffee; procrastinating~procrastinate; shopping online~shop online; staying up late~stay up late; eating sugar~eat sugar; swearing~swear; checking my phone~check my phone; gambling~gamble; running~run; reading~read; journaling~write a journal; stretching~stretch; saving money~save money
- stop
HOWTO (stop|quit|give up) {act} in {weeks}?
!help me (quit|stop) {act} within {weeks}
#quit {act} {weeks}
I want to be done with {act} in {weeks}
- start
HOWTO (start|take up|get into) {act} in {weeks}?
!help me (begin|start) {act} within {weeks}
#start {act} {weeks}
I want to get used to {act} in {weeks}
- happen
what happens to my body after {weeks} of {act}?
#{act} {weeks} effects
- less
what happens to my body after {weeks} without {act}?
#no {act} {weeks} effects

@ relation_roles kind=role
$ did entity: lied to; cheated on; shouted at=yelled at; ignored; hit; betrayed; apologized to=said sorry to; forgave; insulted; blocked; embarrassed; left; thanked; copied
my {kin1} {did} my {kin2}, what should I say to them?
what (do I say|can I say) (if|when) my {kin1} {did} my {kin2}?
I found out that my {kin1} {did} my {kin2}
how (do|should) I react when my {kin1} {did} my {kin2}?
#{kin1} {did} {kin2} what to do

@ me_or_them kind=role
$ owe entity: money; an apology; a favor=a favour; an explanation; a gift=a present; a phone call=a call; the keys; the rent; a meal; a book
- i
I owe my {kin} {owe}, what do I (write|say)?
what (can|should) I (write|say) when I owe my {kin} {owe}?
- they
my {kin} owes me {owe}, what do I (write|say)?
what (can|should) I (write|say) when my {kin} owes me {owe}?
- refuse
I refuse to give my {kin} {owe}, what do I (write|say)?
my {kin} wants {owe} from me and I say no, how do I put it?

@ measure_thing kind=adjective
$ thing entity: giraffe; elephant; blue whale; school bus; football field=soccer field; tennis court; basketball court; swimming pool; piano; refrigerator=fridge; double bed; queen bed; king bed; standard door; shipping container; airplane=aeroplane; adult human; newborn baby; car; bicycle=bike; brick; credit card; A4 sheet=sheet of A4; dollar bill; golf ball; basketball; bowling ball; watermelon; egg; grain of rice
- tall
how (tall|high) is a {thing} (on average|usually|)?
#{thing} height
what's the (average|typical|) height of a {thing}?
- long
how long is a {thing} (on average|usually|)?
#{thing} length
what's the (average|typical|) length of a {thing}?
- heavy
how (heavy is a {thing}|much does a {thing} weigh)?
#{thing} weight
what's the (average|typical|) weight of a {thing}?
- wide
how wide is a {thing} (on average|usually|)?
#{thing} width
what's the (average|typical|) width of a {thing}?
- expensive
how (expensive|costly) is a {thing}?
#{thing} price
what does a {thing} cost?
- old
how old does a {thing} get?
what is the life span of a {thing}?

@ superlative
$ top adjective: biggest=largest; smallest=tiniest; tallest=highest; longest; oldest=most ancient; deepest; fastest; most expensive=priciest; cheapest=least expensive; most dangerous=deadliest; most visited; newest=most recent; coldest; hottest=warmest
$ what entity: city; lake; river; mountain; building; bridge; island; desert; tree; hotel; museum; road; train; stadium; airport; forest; cave; waterfall; tunnel; university; zoo
$ where entity: the world=the whole world; Europe; Asia; Africa; North America; South America; Australia; the US=America=the United States; China; India; Japan; Germany; Canada; Brazil
what is the {top} {what} in {where}?
#{top} {what} in {where}
(which|what) {what} (in|of) {where} is the {top}?
!(tell|show) me the {top} {what} in {where}
{where}'s {top} {what}
do you know the {top} {what} in {where}?

@ inventor kind=question
$ thing entity: the telephone=the phone; the light bulb; the airplane=the aeroplane; the steam engine; the printing press; the computer; the internet; the World Wide Web=the web; television=TV; radio; the camera; the bicycle=the bike; the car=the automobile; the zipper; the microwave; penicillin; dynamite; the compass; the telescope; the microscope; the elevator=the lift; the typewriter; paper; gunpowder; the refrigerator=the fridge; the battery; Velcro; the parachute
- who
who (invented|came up with) {thing}?
#inventor of {thing}
!tell me (the inventor of {thing}|who invented {thing})
{thing} was invented by whom?
- when
when was {thing} invented?
#{thing} invention year
(what|which) year was {thing} invented?
- where
where was {thing} invented?
in which country was {thing} invented?
#{thing} invention country
- how
how was {thing} invented?
!tell me the story of how {thing} was invented
- before
what did people use before {thing}?
#life before {thing}

@ how_work kind=question fmt
$ thing entity: a microwave; a refrigerator=a fridge; a jet engine; a diesel engine; a petrol engine=a gasoline engine; an electric motor; a solar panel; a wind turbine; a nuclear reactor; a battery; a touchscreen; GPS; Wi-Fi; Bluetooth; 5G; a laser; an MRI scanner; an X-ray machine; a heat pump; an air conditioner; a camera lens; a piano; a lock; a submarine; a helicopter; a rocket; a septic tank; a toilet; an airbag; a vaccine
- how
how does {thing} work?
!EXPLAIN how {thing} works
#how {thing} works
what is the principle behind {thing}?
- long
how long does {thing} last?
what's the lifetime of {thing}?
#{thing} lifespan
- danger
is {thing} dangerous?
can {thing} harm you?
#{thing} dangers
- cost
how much does {thing} cost?
#{thing} cost
- parts
what are the (parts|components) of {thing}?
#{thing} parts diagram
- break
why does {thing} fail?
what makes {thing} stop working?
- build
HOWTO build {thing} at home?
#diy {thing}

@ why_is fmt
$ fact entity: is the sky blue~the sky is blue; is the sea salty~the sea is salty; is grass green~grass is green; is blood red~blood is red; is snow white~snow is white; is ice slippery~ice is slippery; is gold so valuable~gold is so valuable; is Venus hotter than Mercury~Venus is hotter than Mercury; do we dream~we dream; do we yawn~we yawn; do cats purr~cats purr; do dogs bark~dogs bark; do onions make you cry~onions make you cry; do leaves change color~leaves change color; do birds migrate~birds migrate; do we have leap years~we have leap years; do planes leave trails~planes leave trails; is the sunset red~the sunset is red; does ice float~ice floats; does bread rise~bread rises; does hair turn gray~hair turns gray; does metal rust~metal rusts; does the moon change shape~the moon changes shape; do we get goosebumps~we get goosebumps; do mosquitoes bite~mosquitoes bite; do magnets attract~magnets attract; do magnets repel~magnets repel
why {fact}?
!EXPLAIN why {fact.1}
what is the reason (that|why) {fact.1}?
how come {fact.1}?
#why {fact.1}
do you know why {fact.1}?

@ exam_math
$ what entity: a quadratic equation; a linear equation; a cubic equation; a system of two equations; an inequality; a derivative; an integral; a limit; a determinant; an inverse matrix; eigenvalues; a standard deviation; a variance; a median; a mean; a correlation; a confidence interval; a probability; a permutation; a combination; a logarithm; a square root; a percentage change; a slope; an intercept
$ how constraint: by hand; in Excel; in Python; in R; on a calculator=with a calculator; in MATLAB; graphically=with a graph; step by step; quickly; without a calculator
HOWTO (calculate|compute|find) {what} {how}?
#{what} {how}
!show me how to (find|compute|work out) {what} {how}
I (must|need to) find {what} {how}
what's the way to get {what} {how}?

@ solve_x
$ op number: 3x + 5 = 20; 3x - 5 = 20; 2x + 7 = 15; 2x - 7 = 15; 5x + 1 = 26; 5x - 1 = 26; 4x + 4 = 24; 4x - 4 = 24; x/2 + 3 = 9; x/2 - 3 = 9; 7x = 49; 7x = 56; x^2 = 49; x^2 = 64; 6x + 2 = 20; 6x + 2 = 26; 9x - 3 = 42
!solve {op} (for x|)
what is x (if|when|in) {op}?
#{op} solve
!find x: {op}
I need the value of x in {op}

@ citation
$ style entity: APA; MLA; Chicago; Harvard; IEEE; Vancouver
$ what entity: a website=a web page; a book; a journal article; a YouTube video; a podcast; a newspaper article; a thesis=a dissertation; an interview; a tweet; a film=a movie; a lecture; an image; the Bible; a law; a chapter; ChatGPT
$ how constraint: ; with two authors=by two authors; without an author=with no author; without a date=with no date; in the text=in-text; in a footnote
HOWTO cite {what} {how} in {style}?
#{style} citation {what} {how}
what is the {style} (format|style) for citing {what} {how}?
!show me an {style} reference for {what} {how}
I need to cite {what} {how} using {style}

@ subscription_compare
what do I get with {service1} that {service2} does not have?
#{service1} features missing in {service2}
which features of {service1} (are missing|aren't available) in {service2}?
!(list|name) things {service1} has and {service2} lacks
what does {service1} offer that {service2} does not (offer|)?

@ password_rule kind=polarity
$ n number: 6; 8; 10; 12; 14; 16; 20; 24; 32
- at least
!(generate|create|make) a password with at least {n} characters for {service}
a {service} password of no fewer than {n} characters
I need a {service} password that is {n} characters or longer
- at most
!(generate|create|make) a password with at most {n} characters for {service}
a {service} password of no more than {n} characters
I need a {service} password that is {n} characters or shorter
- exactly
!(generate|create|make) a password with exactly {n} characters for {service}
a {service} password of precisely {n} characters
I need a {service} password that is {n} characters long, not more, not less

@ range_list kind=polarity
$ thing entity: restaurants; hotels; apartments=flats; jobs; courses; used cars; bars; gyms; daycares=nurseries; campsites
- over
!(find|show|list) {thing} in {city} (above|over|for more than) {dollars}
#{thing} {city} over {dollars}
{thing} in {city} that cost more than {dollars}
- under
!(find|show|list) {thing} in {city} (below|under|for less than) {dollars}
#{thing} {city} under {dollars}
{thing} in {city} that cost less than {dollars}
- about
!(find|show|list) {thing} in {city} for (around|about|roughly) {dollars}
#{thing} {city} around {dollars}
{thing} in {city} that cost about {dollars}

@ age_pet
how old is a {animal} of {years} in human years?
#{animal} {years} in human years
my {animal} is {years} old, what is that in human years?
!convert {years} of {animal} life into human years
what's the human age of a {animal} aged {years}?

@ moving
$ thing entity: a piano; a couch=a sofa; a fridge=a refrigerator; plants; an aquarium=a fish tank; artwork; a motorcycle=a motorbike; a mattress; a TV; wine bottles; a cat; a washing machine
$ how constraint: by car; by plane; by train; down the stairs=downstairs; up the stairs=upstairs; across the country; to another country=abroad; in the rain; alone=without help; in winter
HOWTO (move|transport) {thing} {how}?
#move {thing} {how}
WANTTO (transport|move) {thing} {how}
is it possible to (move|transport) {thing} {how}, and how?
!EXPLAIN how to transport {thing} {how}

@ sleep_plan kind=direction
- bed
what time should I go to bed to get {hours} of sleep if I wake up at {clock}?
#bedtime for {hours} sleep wake {clock}
I (get up|wake up) at {clock} and want {hours} of sleep, when do I lie down?
- wake
what time will I wake up after {hours} of sleep if I go to bed at {clock}?
#wake time after {hours} sleep bed {clock}
I (lie down|go to bed) at {clock} and want {hours} of sleep, when do I get up?

@ time_in kind=direction
- in
what time is it in {city2} when it is {clock} in {city1}?
#{clock} {city1} time in {city2}
!convert {clock} {city1} time to {city2} time
if the clock says {clock} in {city1}, what does it say in {city2}?
- call
when it is {clock} in {city1}, is it a good moment to call {city2}?
can I call someone in {city2} at {clock} {city1} time?

@ ratio
$ a entity: flour; rice; water; milk; sugar; coffee; oats; vinegar; oil; couscous; lentils; bleach; cement; sand; fertilizer=fertiliser
what is the ratio of {a1} to {a2}, {cup}?
$ cup unit: by weight; by volume
#{a1} to {a2} ratio {cup}
how much {a2} do I need per part of {a1}, measured {cup}?
!tell me the {a1} to {a2} ratio {cup}

@ define_legal kind=question fmt
$ term entity: negligence; libel; slander; copyright; a trademark; a patent; a tort; bail; probation; parole; manslaughter; murder; theft; robbery; burglary; fraud; perjury; a felony; a misdemeanor; alimony; custody; power of attorney; a living will; a non-compete clause; an NDA=a non-disclosure agreement; force majeure; due process; habeas corpus
- what
what is {term}?
!EXPLAIN {term}
#{term} legal definition
what does the law mean by {term}?
- example
!GIVE an example of {term}
what would be an example of {term}?
#{term} example
- long
how long does {term} last?
when does {term} end?
#{term} duration
- proof
how do you prove {term}?
#{term} proof
what evidence is needed for {term}?
- cost
how much does {term} cost?
#{term} cost

@ legal_vs sym fmt
$ term entity: negligence; libel; slander; copyright; a trademark; a patent; bail; probation; parole; manslaughter; murder; theft; robbery; burglary; fraud; perjury; a felony; a misdemeanor; alimony; custody
what's the difference between {term1} and {term2}?
#{term1} vs {term2}
how (does|do) {term1} and {term2} differ in law?
!compare {term1} and {term2}
{term1} or {term2}, which is which?
"""
