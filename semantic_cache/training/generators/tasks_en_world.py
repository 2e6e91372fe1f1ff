"""English tasks of knowledge: countries, science, history, books, health, sums, language. `grammar` says how."""

# ruff: noqa: E501
TASKS = """
@ country_fact kind=question
- currency
what (currency|money) (is used|do they use|do people pay with) in {country}?
#{country} currency
!tell me the currency of {country}
which currency does {country} have?
- language
what language (is spoken|do they speak|do people speak) in {country}?
#{country} official language
which languages are official in {country}?
- area
how big is {country}?
what is the (area|size|surface area) of {country}?
#{country} area
- president
who (rules|leads|governs) {country}?
#{country} head of government
who is the head of government of {country}?
- flag
what does the flag of {country} look like?
!describe the (national|) flag of {country}
#{country} flag description
- food
what is the (national dish|most famous food) of {country}?
#{country} national dish
which dish is {country} (known|famous) for?
- border
which countries border {country}?
what are the neighbours of {country}?
#countries bordering {country}
- mountain
what is the highest (mountain|peak) in {country}?
#{country} highest mountain
which mountain is the tallest in {country}?
- river
what is the longest river in {country}?
#{country} longest river
which river is the longest in {country}?
- anthem
what is the national anthem of {country} called?
#{country} national anthem
!tell me the name of {country}'s national anthem
- independence
when did {country} (become independent|gain independence)?
#{country} independence year
in (which|what) year did {country} get its independence?

@ bigger_country kind=adjective
- bigger
is {country1} bigger than {country2}?
is {country1} larger (in area|) than {country2}?
does {country1} have more land than {country2}?
- richer
is {country1} richer than {country2}?
is {country1} wealthier than {country2}?
does {country1} have a higher income per person than {country2}?
- safer
is {country1} safer than {country2}?
does {country1} have less crime than {country2}?
- colder
is {country1} colder than {country2}?
does {country1} have lower temperatures than {country2}?
- older
is {country1} older (as a state|as a nation|) than {country2}?
did {country1} become a state before {country2}?

@ import_export kind=direction
- export
what does {country1} export to {country2}?
which goods does {country1} (sell|ship) to {country2}?
#{country1} exports to {country2}
what does {country2} (buy|import) from {country1}?
- war
did {country1} ever (attack|invade) {country2}?
was {country2} ever (attacked|invaded) by {country1}?
#{country1} invasion of {country2}
- move
HOWTO (move|emigrate|relocate) from {country1} to {country2}?
#moving to {country2} from {country1}
I live in {country1} and want to (settle|live) in {country2}
- mail
how much does it cost to send a (parcel|package) from {country1} to {country2}?
#shipping cost {country1} to {country2}
what is the postage for a (package|parcel) to {country2} from {country1}?

@ landmark kind=question
- where
where is {landmark}?
in which (city|place) (is|can I find) {landmark}?
#{landmark} location
!tell me the location of {landmark}
- when
when was {landmark} (built|completed|made)?
what year (is|does) {landmark} (from|date from)?
#{landmark} year built
- high
how (tall|high) is {landmark}?
what is the height of {landmark}?
#{landmark} height
- who
who (built|designed|made) {landmark}?
#{landmark} architect
who was the (architect|builder) of {landmark}?
- why
why was {landmark} (built|made)?
what was the purpose of {landmark}?
for what reason does {landmark} exist?
- ticket
how much is a ticket (for|to) {landmark}?
#{landmark} ticket price
what does it cost to (enter|visit) {landmark}?
- open
what are the opening hours of {landmark}?
when (is|does) {landmark} open (to visitors|)?
#{landmark} opening hours

@ river kind=question
- long
how long is the {river}?
what is the length of the {river}?
#{river} length
- deep
how deep is the {river}?
what's the depth of the {river}?
#{river} depth
- source
where does the {river} (start|begin|rise)?
what's the source of the {river}?
#{river} source
- mouth
where does the {river} (end|flow into the sea)?
what's the mouth of the {river}?
#{river} mouth
- cities
which cities lie on the {river}?
what cities does the {river} flow through?
#cities on the {river}

@ explain_science kind=question fmt
- what
what is {science}?
!(define|EXPLAIN) {science}
#{science} definition
what does {science} mean?
what do we mean by {science}?
- how
how does {science} work?
!EXPLAIN the mechanism of {science}
what is the mechanism behind {science}?
#how {science} works
- who
who discovered {science}?
#{science} discovered by
who was the first to (describe|discover) {science}?
- why
why is {science} important?
what's the importance of {science}?
why does {science} matter?
- quiz
!WRITE a quiz about {science}
#{science} quiz questions
I need (quiz|test) questions (on|about) {science}
- myths
what are common (misconceptions|myths) about {science}?
#{science} myths
what do people get wrong about {science}?

@ explain_econ kind=question fmt
- what
what is {econ}?
!EXPLAIN {econ}
#{econ} meaning
what does {econ} mean?
- how
how does {econ} work?
#how {econ} works
how exactly does {econ} function?
- calc
how is {econ} calculated?
what is the formula for {econ}?
#{econ} formula
- risk
what are the (risks|dangers) of {econ}?
#{econ} risks
what can go wrong with {econ}?
- benefit
what are the (benefits|advantages|upsides) of {econ}?
#{econ} advantages
what is good about {econ}?
- drawback
what are the (drawbacks|disadvantages|downsides) of {econ}?
#{econ} disadvantages
what is bad about {econ}?

@ econ_vs sym fmt
what is the difference between {econ1} and {econ2}?
#{econ1} vs {econ2}
how (does|do) {econ1} and {econ2} differ?
!compare {econ1} (and|with) {econ2}
{econ1} or {econ2}, what's the difference?
what distinguishes {econ1} from {econ2}?

@ econ_cause
$ dir polarity: rise~rising=go up~increasing=increase~higher; fall~falling=go down~declining=drop~lower
$ thing entity: interest rates; house prices; oil prices=the price of oil; wages=salaries; taxes; the dollar=the US dollar; gold prices=the price of gold; rents; unemployment; stock prices=the stock market; inflation; consumer spending
why (do|does) {thing} {dir}?
what (makes|causes) {thing} (to|) {dir}?
#why {thing} {dir}
!EXPLAIN the reasons for {dir.1} {thing}
what is behind {dir.1} {thing}?
reasons why {thing} {dir}

@ econ_effect
$ dir polarity: raise~raised~higher=increase~increased~rising; lower~lowered~lower=cut~cut~falling=reduce~reduced~decreasing
$ thing entity: interest rates; income tax; the minimum wage; tariffs; pension contributions; rent subsidies; immigration quotas; the retirement age; corporate tax; fuel tax
what happens (if|when) governments {dir} {thing}?
what is the effect of {dir.2} {thing}?
#effect of {dir.2} {thing}
how does it affect the economy (if|when) they {dir} {thing}?
!EXPLAIN the consequences if {thing} are {dir.1}

@ history kind=question fmt
- when
when (did {historic} happen|was {historic})?
#{historic} dates
in (what|which) years did {historic} take place?
!tell me the dates of {historic}
- why
why did {historic} happen?
what (caused|led to|were the causes of) {historic}?
#causes of {historic}
!EXPLAIN the (reasons for|causes of) {historic}
- result
what were the (results|consequences|effects) of {historic}?
#consequences of {historic}
what changed (because of|after) {historic}?
- who
who (was involved in|took part in) {historic}?
who were the (main|key) figures of {historic}?
#key people {historic}
- where
where did {historic} (happen|take place)?
#{historic} location
- end
how did {historic} end?
what brought {historic} to an end?
#end of {historic}
- summary
!(summarize|summarise|give me a summary of) {historic}
#{historic} summary
a (short overview|summary) of {historic}

@ before_after kind=polarity
- before
what (happened|was going on) (shortly|right|just) before {historic}?
#events before {historic}
!list events (preceding|leading up to) {historic}
- after
what (happened|was going on) (shortly|right|just) after {historic}?
#events after {historic}
!list events (following|in the wake of) {historic}
- during
what was (everyday|daily) life like during {historic}?
#daily life during {historic}
how did (ordinary|common) people live during {historic}?

@ person kind=question
- born
when was {famous} born?
what is {famous}'s (date of birth|birthday)?
#{famous} birth date
- birthplace
where was {famous} born?
what is {famous}'s (birthplace|place of birth)?
#{famous} birthplace
- died
when did {famous} die?
#{famous} death date
in (which|what) year did {famous} die?
is {famous} still alive, and if not when did they die?
- how died
how did {famous} die?
what was the cause of {famous}'s death?
#{famous} cause of death
- known
what is {famous} (known|famous) for?
why is {famous} famous?
#{famous} famous for
- who
who (is|was) {famous}?
!tell me (who {famous} was|who {famous} is)
#{famous} biography
- quotes
!GIVE (famous|well-known) quotes by {famous}
#{famous} quotes
what did {famous} say that is often quoted?
- spouse
who (was|is) {famous} married to?
#{famous} spouse
who was {famous}'s (husband or wife|spouse)?
- children
did {famous} have (kids|children)?
how many children did {famous} have?
#{famous} children
- tall
how tall (is|was) {famous}?
#{famous} height
what is {famous}'s height?

@ person_vs kind=role
- meet
did {famous1} (influence|inspire) {famous2}?
was {famous2} (influenced|inspired) by {famous1}?
#{famous1} influence on {famous2}
- say
what did {famous1} (think|say) (of|about) {famous2}?
{famous1}'s opinion of {famous2}
#{famous1} on {famous2}
- older
was {famous1} born before {famous2}?
is {famous1} older than {famous2}?
#{famous1} older than {famous2}
- debate
!WRITE a letter from {famous1} to {famous2}
a letter in which {famous1} writes to {famous2}
I want a letter addressed to {famous2}, signed by {famous1}

@ book kind=question fmt
- author
who (wrote|is the author of) {book}?
#{book} author
which (writer|author) wrote {book}?
{book} was written by whom?
- year
when was {book} (written|published)?
#{book} publication year
what year did {book} come out?
- summary
!(summarize|summarise) {book}
what (is {book} about|happens in {book})?
#{book} plot summary
give me the plot of {book}
- ending
how does {book} end?
!EXPLAIN the ending of {book}
#{book} ending
- theme
what are the (main|central) themes of {book}?
#{book} themes
which themes does {book} deal with?
- characters
who are the (main|major) characters (in|of) {book}?
#{book} characters
!list the (main|major) characters of {book}
- villain
who is the (villain|antagonist|bad guy) in {book}?
#{book} antagonist
- hero
who is the (hero|protagonist) (in|of) {book}?
#{book} protagonist
- setting
where (is {book} set|does {book} take place)?
#{book} setting
- pages
how many pages does {book} have?
how long is the book {book}?
#{book} number of pages
- quotes
!GIVE (key|important) quotes from {book}
#{book} quotes
- essay
!WRITE an essay (on|about) {book}
#{book} essay
I have to hand in an essay on {book}

@ movie kind=question
- director
who directed {movie}?
#{movie} director
who is the director of {movie}?
- year
when (did {movie} come out|was {movie} released)?
#{movie} release year
- cast
who (plays|stars|acts) in {movie}?
#{movie} cast
who are the actors in {movie}?
- ending
how does {movie} end?
!(EXPLAIN|spoil) the ending of {movie}
#{movie} ending explained
- where
where (was {movie} filmed|did they film {movie})?
#{movie} filming locations
- where watch
where can I (watch|stream) {movie}?
#watch {movie} online
- long
how long is {movie}?
#{movie} runtime
what's the running time of {movie}?
- kids
is {movie} (suitable|appropriate|ok) for (kids|children)?
#{movie} age rating
can children watch {movie}?
- similar
what (movies|films) are like {movie}?
#movies like {movie}
!GIVE films similar to {movie}
- oscars
how many Oscars did {movie} win?
#{movie} oscars
- music
who (composed|wrote) the music (for|of) {movie}?
#{movie} soundtrack composer

@ sport kind=question
- rules
what are the rules of {sport}?
#{sport} rules
!EXPLAIN the rules of {sport}
- players
how many players are (in|on) a {sport} team?
#{sport} number of players
- origin
where was {sport} invented?
#{sport} origin
which country did {sport} come from?
- duration
how long does a {sport} (match|game) last?
#{sport} match length
- scoring
how does scoring work in {sport}?
#{sport} scoring
how do you get points in {sport}?
- gear
what (equipment|gear) do I need for {sport}?
#{sport} equipment
- start
HOWTO (start with|get into|begin) {sport}?
#{sport} for beginners
- olympics
when did {sport} become an Olympic sport?
#{sport} olympics since
- best
who is the (best|greatest) {sport} player of all time?
#greatest {sport} player ever
- cost
how expensive is {sport} (as a hobby|)?
#{sport} cost

@ champion kind=polarity
$ cup entity: the World Cup; the Champions League; the Super Bowl; the NBA finals; Wimbledon=the Wimbledon final; the US Open; the Tour de France; the Stanley Cup; the World Series; the Ballon d'Or; the Masters; the Euro=the European Championship
- won
who won {cup} in {year}?
#{cup} {year} winner
which (team or player|side) took {cup} in {year}?
the winner of {cup} {year}
- lost
who (lost the final of|was runner-up in) {cup} in {year}?
#{cup} {year} runner-up
who came second in {cup} in {year}?
- where
where was {cup} (held|played) in {year}?
#{cup} {year} venue

@ game_rules kind=question
- play
HOWTO play {game}?
#{game} rules
!EXPLAIN the rules of {game}
- players
how many (people|players) can play {game}?
#{game} number of players
- win
HOWTO win at {game}?
#{game} winning strategy
what's a (good|winning) strategy (in|for) {game}?
- cheat
HOWTO catch someone cheating at {game}?
#{game} spot cheating
- online
where can I play {game} online?
#play {game} online

@ instrument kind=question
- hard
how (hard|difficult) is it to learn the {instrument}?
is the {instrument} (hard|difficult) to learn?
#{instrument} difficulty
- long
how long does it take to learn (the|) {instrument}?
#time to learn {instrument}
- price
how much does a (beginner|starter) {instrument} cost?
#{instrument} price beginner
- clean
HOWTO clean a {instrument}?
#clean {instrument}
- tune
HOWTO tune a {instrument}?
#tune {instrument}
- teacher
how do I find a {instrument} teacher?
#{instrument} lessons near me
- history
who invented the {instrument}?
#{instrument} inventor

@ wild_fact kind=question
- eat
what do {wild.1} eat?
#{wild} diet
what is the diet of a {wild}?
- live
where do {wild.1} live?
what is the habitat of a {wild}?
#{wild} habitat
- long
how long do {wild.1} live?
what's the lifespan of a {wild}?
#{wild} lifespan
- fast
how fast (can {wild.1} move|is a {wild})?
what is the top speed of a {wild}?
#{wild} speed
- heavy
how much does a {wild} weigh?
#{wild} weight
what is the weight of a {wild}?
- sleep
how do {wild.1} sleep?
#how {wild.1} sleep
- young
how many (babies|young) do {wild.1} have?
#{wild} offspring number
- danger
are {wild.1} dangerous (to humans|)?
do {wild.1} attack (people|humans)?
#{wild} danger to humans
- endangered
are {wild.1} endangered?
#{wild} conservation status
how many {wild.1} are left in the world?
- predators
what eats {wild.1}?
which animals (hunt|prey on) {wild.1}?
#{wild} predators

@ wild_fight
who would win (in a fight|) , a {wild1} or a {wild2}, if the {wild1} is asleep?
if a sleeping {wild1} was attacked by a {wild2}, who would win?
could a {wild2} beat a {wild1} that is sleeping?
a {wild2} attacks a sleeping {wild1}, which one wins?

@ wild_vs sym
how (do|does) a {wild1} and a {wild2} differ?
what's the difference between a {wild1} and a {wild2}?
#{wild1} vs {wild2}
!compare a {wild1} (with|to) a {wild2}
{wild1} or {wild2}, how can I tell them apart?

@ drug_ask kind=question
- dose
how much {drug} can (I|an adult) take (a day|per day|daily)?
what is the (daily|maximum daily) dose of {drug}?
#{drug} daily dose
- side
what are the side effects of {drug}?
#{drug} side effects
does {drug} have side effects, and which?
- alcohol
can I drink alcohol (while taking|with|on) {drug}?
is it (safe|ok) to (combine|mix) {drug} and alcohol?
#{drug} and alcohol
- when
when (should|do) I take {drug}, morning or evening?
what time of day is best for {drug}?
#{drug} morning or night
- food
(should|do) I take {drug} with food or on an empty stomach?
#{drug} with food
can {drug} be taken (before eating|without food)?
- work
how long does {drug} take to (work|kick in)?
#{drug} onset time
when does {drug} start working?
- for
what is {drug} (used for|good for|prescribed for)?
#{drug} uses
why do (people|doctors) (take|prescribe) {drug}?
- miss
I (missed|forgot) a dose of {drug}, what now?
what should I do if I (miss|forget) a dose of {drug}?
#{drug} missed dose
- stop
can I stop taking {drug} (suddenly|at once|abruptly)?
#stop {drug} suddenly
is it dangerous to quit {drug} (cold turkey|from one day to the next)?
- over
what happens if I take too much {drug}?
#{drug} overdose symptoms
what are the signs of a {drug} overdose?

@ drug_mix sym
can I take {drug1} (and|with|together with) {drug2}?
is it safe to (mix|combine) {drug1} and {drug2}?
#{drug1} and {drug2} interaction
(do|does) {drug1} interact with {drug2}?
{drug1} together with {drug2}, is that ok?

@ drug_who kind=polarity
$ who entity: children=kids; babies=infants; pregnant women=people who are pregnant; breastfeeding mothers=nursing mothers; elderly people=seniors=older people; dogs; cats; people with diabetes=diabetics; people with kidney disease; teenagers=teens; people with asthma=asthmatics; athletes
- safe
is {drug} safe for {who}?
can {who} take {drug}?
#{drug} {who} safe
(are|is it ok if) {who} (allowed to take|take) {drug}?
- unsafe
why is {drug} unsafe for {who}?
why (can't|shouldn't) {who} take {drug}?
#why {drug} dangerous {who}
- dose
how much {drug} can {who} take?
what's the (right|correct) dose of {drug} for {who}?
#{drug} dose {who}

@ symptom_ask kind=question
- why
why do I have (a|) {symptom}?
what causes {symptom}?
#causes of {symptom}
what could be the reason for {symptom}?
- cure
HOWTO get rid of {symptom}?
what (helps|can I take) (against|for) {symptom}?
#{symptom} remedy
I have {symptom}, what helps?
- doctor
when should I see a doctor (about|for|with) {symptom}?
#{symptom} when to see a doctor
is {symptom} serious enough for a doctor?
- home
what are home remedies for {symptom}?
#{symptom} home remedies
HOWTO treat {symptom} at home?
- prevent
HOWTO (prevent|avoid) {symptom}?
#prevent {symptom}
what can I do so that I do not get {symptom}?
- last
how long does {symptom} (usually|normally) last?
#{symptom} how long
- pregnancy
is {symptom} normal (during pregnancy|when pregnant)?
#{symptom} pregnancy

@ symptom_two
I have {symptom1} after taking {drug} for {days}, is that normal?
(is it normal|should I worry) to have {symptom1} after {days} of {drug}?
#{symptom1} after {days} of {drug}
{days} on {drug} and now I have {symptom1}
I've taken {drug} for {days} and (got|developed) {symptom1}

@ symptom_time
$ dir polarity: worse~worsens=stronger~gets stronger; better~improves=weaker~gets weaker
$ when time: at night=during the night; in the morning=every morning; after eating=after meals; before eating=before meals; after exercise=after working out; before bed=before going to sleep; in winter; when lying down; when standing up; during my period; at work
my {symptom} gets {dir} {when}
why does my {symptom} get {dir} {when}?
#{symptom} {dir} {when}
{when} my {symptom} (is|becomes) {dir}, why?
what does it mean when {symptom} {dir.1} {when}?

@ disease_ask kind=question fmt
- symptoms
what are the (symptoms|signs) of {disease}?
#{disease} symptoms
how do I know if I have {disease}?
- cause
what causes {disease}?
#{disease} causes
why do people get {disease}?
- treat
how is {disease} treated?
what's the treatment for {disease}?
#{disease} treatment
- contagious
is {disease} contagious?
can I catch {disease} from someone?
#{disease} contagious
- inherit
is {disease} (hereditary|genetic|inherited)?
#{disease} genetic
can I inherit {disease} from my parents?
- prevent
HOWTO prevent {disease}?
#{disease} prevention
- cure
can {disease} be cured?
is there a cure for {disease}?
#{disease} cure
- test
how is {disease} diagnosed?
#{disease} diagnosis
which test (detects|shows) {disease}?
- eat
what should I eat with {disease}?
#{disease} diet
which foods are good (for people with|in case of) {disease}?
- avoid
what should I not eat with {disease}?
which foods should people with {disease} avoid?
#{disease} foods to avoid

@ disease_vs sym
what is the difference between {disease1} and {disease2}?
#{disease1} vs {disease2}
how do I tell {disease1} and {disease2} apart?
is it {disease1} or {disease2}, how can I know?
how (do|does) {disease1} and {disease2} differ?

@ medicine_adult kind=adjective
- acute
HOWTO treat acute {disease}?
#acute {disease} treatment
what helps with acute {disease}?
- chronic
HOWTO treat chronic {disease}?
#chronic {disease} treatment
what helps with chronic {disease}?
- mild
HOWTO treat mild {disease}?
#mild {disease} treatment
what helps with mild {disease}?
- severe
HOWTO treat severe {disease}?
#severe {disease} treatment
what helps with severe {disease}?

@ convert_len
HOWTO convert {num} {length1} (to|into) {length2}?
how many {length2} (are|is|make) {num} {length1}?
{num} {length1} (in|to) {length2}
!convert {num} {length1} (to|into) {length2}
#{num} {length1} {length2}
what is {num} {length1} (in|expressed in) {length2}?
!express {num} {length1} in {length2}

@ convert_weight
how many {weight2} are (there in|in) {num} {weight1}?
{num} {weight1} (in|to) {weight2}
!convert {num} {weight1} (to|into) {weight2}
#{num} {weight1} {weight2}
if something weighs {num} {weight1}, how much is that in {weight2}?
!give {num} {weight1} as {weight2}

@ convert_volume
how many {volume2} are (there in|in) {num} {volume1}?
{num} {volume1} (in|to) {volume2}
!convert {num} {volume1} (to|into) {volume2}
#{num} {volume1} {volume2}
I have {num} {volume1}, what is that in {volume2}?

@ convert_temp kind=direction
- c to f
how (much|hot) is {num} degrees Celsius in Fahrenheit?
{num} C (in|to) F
!convert {num} (Celsius|degrees Celsius) to Fahrenheit
what is {num} centigrade in Fahrenheit?
- f to c
how (much|hot) is {num} degrees Fahrenheit in Celsius?
{num} F (in|to) C
!convert {num} (Fahrenheit|degrees Fahrenheit) to Celsius
what is {num} Fahrenheit in centigrade?
- c to k
how much is {num} degrees Celsius in Kelvin?
{num} C (in|to) K
!convert {num} Celsius to Kelvin

@ cook_convert
how many grams is {small} {cup} of {ingredient}?
$ cup unit: cups; tablespoons=tbsp; teaspoons=tsp; ounces=oz
{small} {cup} of {ingredient} in grams
#{small} {cup} {ingredient} to grams
!convert {small} {cup} of {ingredient} to grams
the recipe says {small} {cup} of {ingredient}, how much is that in grams?

@ money_convert
how (much|many) {currency2} is {num} {currency1}?
{num} {currency1} (in|to) {currency2}
!convert {num} {currency1} (to|into) {currency2}
#{num} {currency1} {currency2}
what do I get in {currency2} for {num} {currency1}?
how much is {num} {currency1} worth in {currency2}?
!change {num} {currency1} into {currency2}

@ percent_of
what is {percent} of {num}?
!(calculate|compute|work out) {percent} of {num}
how much is {percent} of {num}?
#{percent} of {num}
I need to take {percent} of {num}, what do I get?
{num} times {percent}, what is it?

@ tip
how much is a {percent} tip on {dollars}?
#{percent} tip {dollars}
!(calculate|work out) a {percent} tip for a {dollars} bill
the bill is {dollars} and I (want|would like) to leave {percent}, how much is the tip?
with a bill of {dollars} what is the {percent} tip?

@ discount kind=polarity
- off
what is {dollars} (after a {percent} discount|with {percent} off)?
#{dollars} minus {percent}
the price is {dollars}, they take {percent} off, what do I pay?
- up
what is {dollars} (after a {percent} increase|plus {percent})?
#{dollars} plus {percent}
the price is {dollars}, it goes up by {percent}, what do I pay?

@ arithmetic kind=verb
- minus
what is {num1} minus {num2}?
!subtract {num2} from {num1}
!take {num2} away from {num1}
{num1} less {num2} equals what?
- divide
what is {num1} divided by {num2}?
!divide {num1} by {num2}
how many times does {num2} go into {num1}?
- power
what is {num1} to the power of {num2}?
!raise {num1} to the power {num2}
{num1} to the {num2}th power
- mod
what is {num1} modulo {num2}?
what is the remainder of {num1} divided by {num2}?

@ shape kind=question
- area
HOWTO (calculate|find|work out) the area of a {shape}?
what's the (formula for the|) area of a {shape}?
#area of {shape} formula
- perimeter
HOWTO (calculate|find|work out) the perimeter of a {shape}?
what's the (formula for the|) perimeter of a {shape}?
#perimeter of {shape} formula
- volume
HOWTO (calculate|find|work out) the volume of a {shape}?
what's the (formula for the|) volume of a {shape}?
#volume of {shape} formula
- draw
HOWTO draw a {shape}?
#draw a {shape}
- sides
how many sides does a {shape} have?
#{shape} number of sides

@ triangle sym
how long is the hypotenuse (if|when) the legs are {num1} and {num2} {length}?
#hypotenuse {num1} {num2} {length}
a right triangle has legs of {num1} and {num2} {length}, what's the hypotenuse?
!calculate the longest side of a right triangle with sides {num1} and {num2} {length}

@ days_between sym
how many days are there between {date1} and {date2} of the same year?
#number of days between {date1} and {date2}
!count the days between {date1} and {date2}
how many days apart are {date1} and {date2}?
{date1} and {date2}, how many days lie between them?

@ sum_of sym
what is {num1} plus {num2}?
!add {num1} (and|to) {num2}
the sum of {num1} and {num2}
how much is {num1} + {num2}?
{num1} and {num2} added up
#{num1} + {num2}

@ product_of sym
what is {num1} times {num2}?
!multiply {num1} (by|and|with) {num2}
the product of {num1} and {num2}
how much is {num1} multiplied by {num2}?
#{num1} x {num2}

@ planet_far sym
how far (away|) is {planet1} from {planet2}?
what is the distance between {planet1} and {planet2}?
#{planet1} {planet2} distance
!tell me how many miles lie between {planet1} and {planet2}

@ date_plus kind=polarity
- after
what date is {days} after {date}?
#{date} plus {days}
if I add {days} to {date}, which day is it?
- before
what date is {days} before {date}?
#{date} minus {days}
if I subtract {days} from {date}, which day is it?

@ interest
how much (interest|money) do I (earn|get) on {thousands} at {percent} (over|for) {years}?
#{thousands} at {percent} {years} interest
I put {thousands} in the bank at {percent} for {years}, what will I earn?
!(calculate|work out) the interest on {thousands} with {percent} over {years}
with a rate of {percent} what do {thousands} earn in {years}?

@ loan kind=verb
- pay
what is the monthly payment on a {thousands} loan at {percent} over {years}?
#{thousands} loan {percent} {years} monthly payment
I borrow {thousands} for {years} at {percent}, what do I pay (a|each) month?
- total
how much interest in total do I pay on a {thousands} loan at {percent} over {years}?
#{thousands} loan {percent} {years} total interest
I borrow {thousands} for {years} at {percent}, what is the interest altogether?

@ translate kind=verb
- say
how do (you|I) say "{phrase}" in {language}?
!translate "{phrase}" (to|into) {language}
what is the {language} (for|translation of) {phrase}?
#{phrase} in {language}
what's {phrase} in {language}?
{phrase} translated to {language}
I need the {language} (phrase|words) for {phrase}
- pronounce
how do (you|I) pronounce "{phrase}" in {language}?
what does {phrase} sound like in {language}?
#{phrase} {language} pronunciation
- write
how do (you|I) write "{phrase}" in {language} letters?
#{phrase} {language} script
what does {phrase} look like written in {language}?

@ translate_between
!translate this (text|paragraph) from {language1} to {language2}
!turn this {language1} (text|paragraph) into {language2}
the following is {language1}, I need it in {language2}
#{language1} to {language2} translation of this text
(could I get|can I have) this {language1} paragraph in {language2}?

@ learn_language kind=question
- hard
how (hard|difficult) is {language1} for (speakers of {language2}|{language2} speakers)?
#{language1} difficulty for {language2} speakers
is it hard to learn {language1} if I speak {language2}?
- words
which words did {language1} (borrow|take) from {language2}?
#{language2} loanwords in {language1}
what {language2} words are used in {language1}?

@ word_ask kind=question
- mean
what does {word} mean?
#{word} meaning
!define {word}
what is the (meaning|definition) of {word}?
what's meant by the word {word}?
- synonym
what is a synonym (for|of) {word}?
#{word} synonyms
what is another word for {word}?
!GIVE words with the same meaning as {word}
- antonym
what is the opposite of {word}?
#{word} antonym
!GIVE antonyms of {word}
which word means the contrary of {word}?
- pronounce
how do you pronounce {word}?
#{word} pronunciation
how is {word} (spoken|said) aloud?
- spell
how do you spell {word} backwards?
!write {word} backwards
{word} spelled in reverse
- sentence
!use {word} in a sentence
#{word} example sentence
!WRITE a sentence with {word}
- origin
where does the word {word} come from?
#{word} etymology
what's the origin of the word {word}?
- rhyme
what rhymes with {word}?
#words rhyming with {word}
!GIVE rhymes for {word}
- part
what part of speech is {word}?
is {word} a noun, a verb or an adjective?
#{word} part of speech
- syllables
how many syllables does {word} have?
#{word} syllables
!count the syllables of {word}

@ word_vs sym
what is the difference between {word1} and {word2}?
#{word1} vs {word2}
when do I use {word1} and when {word2}?
should I (say|use|write) {word1} or {word2}?
how (does|do) {word1} differ from {word2}?

@ verb_form kind=tense
$ verb entity: go; eat; drink; write; swim; begin; bring; buy; catch; choose; do; draw; drive; fall; feel; fly; forget; freeze; give; hide; know; lay; lie; lose; ring; rise; run; see; shake; sing; sink; sleep; speak; steal; take; teach; tear; think; throw; wake; wear
- past
what is the past tense of {verb}?
#{verb} past tense
how do I put {verb} into the (simple past|past tense)?
- participle
what is the past participle of {verb}?
#{verb} past participle
!tell me the participle of {verb} used with have
- future
what's the future (form|tense) of {verb}?
#{verb} future tense
- ing
what is the -ing form of {verb}?
#{verb} gerund
what's the (gerund|present participle) of {verb}?
- third
what's the third person singular of {verb}?
#{verb} he she it form

@ plural kind=direction
$ noun entity: child; mouse; goose; foot; tooth; leaf; knife; wolf; cactus; fungus; crisis; analysis; phenomenon; criterion; ox; sheep; deer; fish; datum; medium; index; appendix; octopus; thief; hero; potato; piano; bacterium
- plural
what is the plural of {noun}?
#{noun} plural
how do you say more than one {noun}?
- article
is it "a {noun}" or "an {noun}"?
#a or an {noun}
which article goes with {noun}, a or an?
- count
is {noun} countable or uncountable?
#{noun} countable
can you count {noun} in grammar?

@ element kind=question
- symbol
what is the (chemical|) symbol (for|of) {element}?
#{element} symbol
- number
what is the atomic number of {element}?
#{element} atomic number
- melt
what is the melting point of {element}?
at what temperature does {element} melt?
#{element} melting point
- boil
what's the boiling point of {element}?
at what temperature does {element} boil?
#{element} boiling point
- use
what is {element} used for?
#{element} uses
- found
who discovered {element}?
#{element} discovery
- toxic
is {element} (toxic|poisonous)?
#{element} toxicity
can {element} harm people?
- mass
what's the atomic (mass|weight) of {element}?
#{element} atomic mass

@ metal_two
how do I (plate|coat) {metal1} with {metal2}?
#{metal2} plating on {metal1}
HOWTO put a layer of {metal2} on {metal1}?
I want {metal1} covered with {metal2}, how?

@ planet kind=question
- see
can you see {planet2} from {planet1} (with the naked eye|without a telescope)?
#{planet2} visible from {planet1}
if I stood on {planet1}, could I see {planet2}?
- size
how many times does {planet2} fit into {planet1}?
#{planet2} fits in {planet1} how many times

@ year_event kind=question
- happen
what (important|major) things happened in {country} in {year}?
#{country} {year} history
!list the main events of {year} in {country}
- leader
who ruled {country} in {year}?
#{country} leader {year}
who was in (charge|power) in {country} in {year}?
- price
what did a loaf of bread cost in {country} in {year}?
#{country} {year} bread price
how expensive was bread in {year} in {country}?
- music
which songs were popular in {country} in {year}?
#{country} hit songs {year}
what music did people listen to in {year} in {country}?

@ century_life fmt
$ who entity: peasants=farmers; women; children; soldiers; sailors; kings; merchants=traders; doctors; slaves; priests; nobles=aristocrats; students
how did {who} live in {country} in the {century}?
what was life like for {who} in {country} (during|in) the {century}?
#life of {who} {country} {century}
!describe the life of {who} in the {century} in {country}
in the {century}, how were {who} living in {country}?
"""
