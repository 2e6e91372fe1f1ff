"""English tasks of daily life: voice assistants, kitchen, home, pets, travel. `grammar` says how they are written."""

# ruff: noqa: E501
TASKS = """
@ alarm
!set an alarm for {clock} on {weekday}
!wake me up (at|by) {clock} on {weekday}
!(create|add|make) (an alarm|a wake-up alarm) {weekday} {clock}
{weekday} {clock} alarm
I (need|have|want) to (get|be) up at {clock} on {weekday}
!on {weekday} get me up at {clock}
!make sure I am awake at {clock} {weekday}
(is it possible to|can you) set the alarm clock to {clock} for {weekday}?

@ alarm_edit kind=verb
- cancel
!(cancel|delete|remove|turn off) my {clock} alarm
!(get rid of|kill|drop) the alarm (at|for) {clock}
I no longer need the {clock} alarm
!make sure the {clock} alarm does not go off
- snooze
!snooze my {clock} alarm
!let the alarm (at|for) {clock} ring again a bit later
!put the {clock} alarm on snooze
!delay the {clock} alarm by one snooze
- ask
(is|do I have) an alarm (set|on) for {clock}?
!check (if|whether) there is an alarm at {clock}
(did I|have I) set an alarm for {clock}?
!tell me if the {clock} alarm is set

@ timer
!set a timer for {minutes}
!start a {minutes} timer
!(count down|countdown) {minutes}
!(tell|alert|notify) me (in|after) {minutes}
timer {minutes}
!give me a countdown of {minutes}
(can you|could you) time {minutes}?

@ reminder
!remind me to {chore} at {clock} {daypart}
{daypart} at {clock} remind me to {chore}
!(set|create|add) a reminder for {daypart} {clock} to {chore}
I (must|have to|need to) {chore} at {clock} {daypart}, do not let me forget
!don't let me forget to {chore} {daypart} at {clock}
!put a reminder at {clock} {daypart}: {chore}
!make a note that I must {chore} {daypart} at {clock}

@ reminder_place
$ place entity: get home=arrive home=am home; get to work=arrive at work=reach the office; leave home=leave the house; leave work=leave the office; get to the gym=arrive at the gym; am at the supermarket=get to the supermarket
!remind me to {chore} when I {place}
when I {place} remind me to {chore}
!as soon as I {place}, tell me to {chore}
!notify me to {chore} (once|the moment) I {place}

@ list_edit kind=direction
- add
!(add|put) {listitem} (to|on) my (shopping|grocery) list
!(shopping|grocery) list add {listitem}
we (are out of|ran out of|need) {listitem}, put it on the (shopping|grocery) list
!write down {listitem} for the next (shopping trip|grocery run)
!I need {listitem} on the (grocery|shopping) list
- remove
!(remove|take|delete) {listitem} (off|from) my (shopping|grocery) list
I (already|have already) bought {listitem}, take it off the (shopping|grocery) list
!(scratch|strike|cross) {listitem} (off|from) the (shopping|grocery) list
!(shopping|grocery) list remove {listitem}
- check
is {listitem} on my (shopping|grocery) list?
!check (if|whether) I have {listitem} on the (shopping|grocery) list
(did I|have I) put {listitem} on the (grocery|shopping) list?

@ calendar_add
$ what entity: meeting; dentist appointment=dental appointment; lunch; phone call=call; haircut; gym session=workout; doctor's appointment=doctor appointment; interview
!(add|put|schedule) a {what} with {person} on {weekday} at {clock}
!(book|schedule|set up) {weekday} {clock} {what} with {person}
{what} with {person} {weekday} {clock}, (add it to|put it in|save it to) my calendar
!put in my calendar a {what} with {person} at {clock} on {weekday}
!on {weekday} at {clock} I have a {what} with {person}, note it down
!create a calendar (event|entry) for {weekday} at {clock}: {what} with {person}

@ calendar_move
!move my (meeting|appointment) with {person} from {weekday1} to {weekday2}
!reschedule the {weekday1} (meeting|appointment) with {person} (to|for) {weekday2}
!change the (day|date) of the (appointment|meeting) with {person} from {weekday1} to {weekday2}
the {weekday1} (meeting|appointment) with {person} should (be|happen) on {weekday2} instead
!shift {person}'s (meeting|appointment) to {weekday2}, it was {weekday1}
I can't (meet|see) {person} on {weekday1}, make it {weekday2}

@ calendar_ask kind=question
- what
what do I have (planned|on|scheduled) on {weekday}?
what's on my (calendar|schedule|agenda) for {weekday}?
!(read|show|list) my {weekday} (calendar|schedule|agenda|events)
my (plans|appointments|events) for {weekday}
(any|are there any) (events|appointments|meetings) on {weekday}?
- free
(am I|will I be) free on {weekday}?
!check (if|whether) I have (time|free time|a gap) on {weekday}
do I have (any free time|an open slot|room) on {weekday}?
- first
when is my first (meeting|appointment|event) on {weekday}?
what time (do I start|does my first event start) on {weekday}?
!tell me the time of my earliest (appointment|event|meeting) on {weekday}
- clear
!(cancel|delete|clear) (everything|all my events) on {weekday}
!(wipe|empty) my {weekday} (calendar|schedule)
!remove all (appointments|meetings) from {weekday}

@ weather
$ sky entity: rain=be rainy; snow; be sunny=have sunshine; be windy; be cloudy; be hot; be cold; freeze=drop below zero; storm=have thunderstorms; be humid; be foggy
will it {sky} in {city} {daypart}?
is it going to {sky} {daypart} in {city}?
{daypart} in {city} will it {sky}?
!check (if|whether) it will {sky} {daypart} in {city}
should I expect it to {sky} in {city} {daypart}?
what are the chances that it will {sky} {daypart} in {city}?

@ forecast
what's the (weather|forecast) (like|) (in|for) {city} {daypart}?
{city} (weather|forecast) {daypart}
!(give|tell|show) me the weather (in|for) {city} {daypart}
how will the weather be {daypart} in {city}?
what will it be like outside {daypart} in {city}?
#weather {city} {daypart}
#{daypart} forecast {city}

@ light_colour
!(make|turn|change) the {room} lights {color}
!(set|switch) the lights in the {room} to {color}
I want {color} (light|lights|lighting) in the {room}
{room} lights {color}
!change the (colour|color) of the {room} (lamps|lights) to {color}
(could|can) the {room} lights be {color}?

@ device_switch kind=polarity
- on
!(turn|switch) on the {device} in the {room}
!(turn|switch) the {room} {device} on
!(start|activate|power up) the {device} in the {room}
{room} {device} on
I (want|need) the {device} in the {room} (running|on)
- off
!(turn|switch) off the {device} in the {room}
!(turn|switch) the {room} {device} off
!(stop|deactivate|shut off|power down) the {device} in the {room}
{room} {device} off
I (do not want|no longer need) the {device} in the {room} (running|on)
- state
is the {device} in the {room} (on|running)?
!check (if|whether) the {room} {device} is (on|running)
(did I|did someone) leave the {room} {device} on?

@ device_all kind=scope
- one
!(turn|switch) (off|out) the lights in the {room}
!{room} lights off
!(kill|shut off) the {room} lights
- all
!(turn|switch) (off|out) all the lights in the house except the {room}
!(kill|shut off) (every light|all lights) but not the {room}
!all lights off except (in|) the {room}
- only
!(turn|switch) (off|out) only the main light in the {room}
!in the {room} (kill|shut off) just the main light

@ thermostat kind=direction
$ place entity: bedroom; living room; office; nursery; house=home; basement
- up
!(raise|increase|turn up|bump up) the (temperature|heat) in the {place} by {small} degrees
!make the {place} {small} degrees (warmer|hotter)
it is too cold in the {place}, (go up|raise it) {small} degrees
!{place} thermostat up {small} degrees
- down
!(lower|decrease|reduce|turn down) the (temperature|heat) in the {place} by {small} degrees
!make the {place} {small} degrees (cooler|colder)
it is too hot in the {place}, (go down|lower it) {small} degrees
!{place} thermostat down {small} degrees
- to
!set the (temperature|thermostat) in the {place} to plus {small} degrees
!(hold|keep) the {place} at plus {small} degrees
the {place} should be at plus {small} degrees

@ volume kind=direction
- up
!(turn|bring) the volume up by {small}
!(raise|increase) the volume by {small}
!make it {small} (steps|notches) louder
louder by {small}
- down
!(turn|bring) the volume down by {small}
!(lower|decrease|reduce) the volume by {small}
!make it {small} (steps|notches) quieter
quieter by {small}
- set
!set the volume to (level|) {small}
!put the volume at {small}
volume level {small}
the volume should be {small}

@ play_music
!play (some|) {genre} (music|) by {artist}
!put on {artist} (and make it|,) {genre}
I (want|would like) to (listen to|hear) {genre} (songs|tracks|music) (from|by) {artist}
!start (a|the) {genre} playlist with {artist}
{artist} {genre} (songs|music|playlist)
(could we|can I) (hear|listen to) {artist}'s {genre} (songs|tracks)?

@ music_when
$ when time: while I cook=while I'm cooking; for studying=to study to; for a workout=to work out to; to fall asleep=for falling asleep; for a party; for driving=for the road; for cleaning the house; for meditation=to meditate
!play {genre} {when}
!put on (some|) {genre} (music|songs) {when}
I (need|want) (some|) {genre} {when}
!start a {genre} playlist {when}
{when} I'd like {genre}

@ song_rate kind=polarity
- like
I (like|love|really like) this song by {artist}
!(save|add) this {artist} (song|track) to my favorites
!thumbs up for this {artist} (song|track)
!remember that I enjoy this {artist} track
- dislike
I (hate|dislike|do not like|can't stand) this song by {artist}
!never play this {artist} (song|track) again
!thumbs down for this {artist} (song|track)
!remember that I do not enjoy this {artist} track
- name
what is this song by {artist} called?
!tell me the (name|title) of this {artist} (song|track)
which {artist} (song|track) is this?

@ email_to
$ topic entity: the meeting; the rent; the party; the invoice; the holiday=the vacation; the contract; the schedule; the broken window; the birthday present=the birthday gift; the report; the car; dinner
!(send|write) an email to my {kin} about {topic}
!email my {kin} about {topic}
!(shoot|drop) my {kin} an email (about|regarding|concerning) {topic}
!let my {kin} know by email about {topic}
!mail my {kin} (about|regarding) {topic}
I (have to|must|want to) (email|write to) my {kin} about {topic}
!compose a (mail|message by email) about {topic} to my {kin}

@ email_check kind=verb
- new
(do I have|are there) (any|) new (emails|mails|messages) from {person}?
!check (my inbox|) for (new|unread) (emails|mail) from {person}
(has|did) {person} (emailed me|sent me an email)?
any (new|unread) mail from {person}?
- delete
!delete (all|the) (emails|mails) from {person}
!(trash|remove|get rid of) {person}'s emails
!clear out every mail {person} sent me
- reply
!(reply|respond|answer) to {person}'s (latest|last) email
!write back to {person}'s (latest|last) mail
!answer the (last|latest) email (I got from|from) {person}
- forward
!forward {person}'s (latest|last) (email|mail) to my team
!send the (latest|last) (email|mail) from {person} on to my team
!pass {person}'s (last|latest) (mail|email) to the team

@ call_text kind=verb
- call
!call my {kin}
!(ring|phone|dial|give a call to) my {kin}
I (want|need) to (talk|speak) to my {kin} on the phone
!get my {kin} on the (phone|line)
!start a (phone|voice) call with my {kin}
- text
!text my {kin}
!(send|write) a (text|text message|SMS) to my {kin}
!message my {kin}
- video
!video call my {kin}
!start a video (chat|call) with my {kin}
!(FaceTime|call on video) my {kin}
- block
!block my {kin}'s number
I don't want calls from my {kin} any more, block the number
!stop my {kin} from calling me

@ tell_roles
$ claim entity: is late=will be late; is sick=is ill; lost the keys=misplaced the keys; got the job; sold the car; moved out; wants a divorce; likes the house; won the prize; forgot the birthday; paid the bill; broke the window
!tell {person1} that {person2} {claim}
!let {person1} know {person2} {claim}
!(send a message|write) to {person1} that {person2} {claim}
!(inform|notify) {person1} that {person2} {claim}
{person1} should (know|hear) that {person2} {claim}, send a message

@ money_roles kind=role
$ act verb: lent~lend; gave~give; sent~send; stole~steal
{person1} {act} {person2} {dollars}, who owes whom?
if {person1} {act} {person2} {dollars} who is in debt?
who owes whom (when|after|if) {person1} {act} {person2} {dollars}?
{dollars} is what {person1} {act} {person2}, so who has to pay?

@ boil fmt
$ style verb: boil~boiling; steam~steaming; bake~baking; grill~grilling; roast~roasting; fry~frying; air fry~air frying; microwave~microwaving; smoke~smoking; blanch~blanching
how long (do|should|must) I {style} {food}?
{food}: how long to {style}?
(how many minutes|how much time) (does it take|do you need) to {style} {food}?
#{style.1} time {food}
#{food} {style} time
what is the (right|correct|recommended) time for {style.1} {food}?
I'm {style.1} {food} and (do not know|am not sure about) the time
!tell me the time needed for {style.1} {food}

@ dish_ask kind=question fmt
- recipe
HOWTO (make|cook|prepare) {dish}?
!GIVE a recipe for {dish}
#{dish} recipe
recipe (for|of) {dish} (please|)
I want to (make|cook|try making) {dish} (at home|)
!EXPLAIN how to (make|prepare) {dish}
- origin
where does {dish} come from?
what is the origin of {dish}?
which country (invented|first made) {dish}?
#{dish} origin
!tell me where {dish} was invented
- calories
how many calories are in {dish}?
#calories {dish}
#{dish} calories
what's the calorie count of {dish}?
is {dish} high in calories, and how many?
- freeze
can I freeze {dish}?
is it (ok|fine|possible) to freeze {dish}?
does {dish} freeze well?
#freeze {dish}
- drink
what (drink|beverage) goes (well|) with {dish}?
what should I drink with {dish}?
#drink pairing {dish}
!suggest a (drink|beverage) to (serve|have) with {dish}
- side
what (side dish|side) goes (well|) with {dish}?
what should I serve alongside {dish}?
#side dishes for {dish}
!GIVE side dishes for {dish}

@ dish_people
a recipe for {dish} for {small} people
!GIVE a recipe for {dish} that serves {small}
HOWTO (make|cook) {dish} for {small} (people|persons)?
{dish} for {small}, what's the recipe?
#{dish} recipe {small} servings
I'm cooking {dish} for {small} guests and need a recipe

@ dish_diet
a {diet} recipe for {dish}
HOWTO make {dish} {diet}?
!GIVE a recipe for {diet} {dish}
#{diet} {dish} recipe
I want to make {dish} but it has to be {diet}, recipe?
(do you have|is there) a {diet} version of {dish}?

@ dish_without kind=polarity
- with
HOWTO make {dish} with {ingredient}?
#{dish} recipe with {ingredient}
!GIVE a {dish} recipe that (uses|includes|contains) {ingredient}
I want to use {ingredient} in {dish}, how?
- without
HOWTO make {dish} without {ingredient}?
#{dish} recipe no {ingredient}
!GIVE a {dish} recipe that (does not use|leaves out|contains no) {ingredient}
I don't want {ingredient} in {dish}, how do I make it?
I have no {ingredient}, can I still make {dish}?
- more
why does my {dish} (taste|smell) so strongly of {ingredient}?
my {dish} has too much {ingredient}, how do I fix it?

@ substitute
what can I (use|take) instead of {ingredient1} when I only have {ingredient2}, is that ok?
can I (replace|substitute) {ingredient1} with {ingredient2}?
is {ingredient2} a (good|fine|possible) (substitute|replacement) for {ingredient1}?
#substitute {ingredient2} for {ingredient1}
can {ingredient2} be used in place of {ingredient1}?
I have no {ingredient1}, will {ingredient2} (work|do) (instead|)?
does {ingredient2} work as a (substitute|stand-in|replacement) for {ingredient1}?

@ keep_food kind=question
$ place entity: in the fridge=in the refrigerator; in the freezer; at room temperature=on the counter; in the pantry=in a cupboard
- raw
how long does raw {food} (last|keep|stay good) {place}?
#raw {food} shelf life {place}
for how many days can I keep uncooked {food} {place}?
I have raw {food} {place}, how long is it good?
- cooked
how long does cooked {food} (last|keep|stay good) {place}?
#cooked {food} shelf life {place}
for how many days can I keep leftover cooked {food} {place}?
I have cooked {food} {place}, how long is it good?
- how
what is the (right|best|proper) way to store {food} {place}?
how should {food} be (stored|kept) {place}?
#store {food} {place} tips

@ meal_ideas
!GIVE {small} {diet} {meal} ideas
what are {small} {diet} (things|dishes) I can (make|have|cook) for {meal}?
{small} ideas for a {diet} {meal}
#{small} {diet} {meal} recipes
I (need|want|am looking for) {small} (options|suggestions) for {diet} {meal}

@ feed_pet kind=polarity
$ stuff entity: grapes; chocolate; cheese; carrots; apples; bananas; onions; garlic; peanut butter; bread; rice; raw meat; cooked chicken; eggs; milk; avocado; blueberries; strawberries; watermelon; tomatoes; mushrooms; almonds; popcorn; honey; tuna; spinach; broccoli; yogurt; ice cream; bacon
- can
can {animal.1} (eat|have) {stuff}?
(is|are) {stuff} (safe|ok|okay|fine) for {animal.1}?
is it (safe|fine|ok) to (give|feed) {animal.1} {stuff}?
#{animal.1} {stuff} safe
(may|should) I let my {animal} (eat|have) {stuff}?
- ate
my {animal} (ate|just ate|swallowed) {stuff}, what should I do?
what (do I do|happens now), my {animal} has eaten {stuff}?
#{animal} ate {stuff} help
- amount
how much {stuff} can I give my {animal}?
what amount of {stuff} may a {animal} have (per day|a day)?
#{animal} {stuff} portion per day
- why
why (can't|shouldn't) {animal.1} (eat|have) {stuff}?
what makes {stuff} bad for {animal.1}?
for what reason should {animal.1} not (eat|get) {stuff}?

@ pet_ask kind=question
- life
how long do {animal.1} (live|usually live)?
what is the (lifespan|life expectancy) of a {animal}?
#{animal} lifespan
how old can a {animal} get?
- cost
how much does a {animal} cost?
what is the price of a {animal}?
#{animal} price
what would I pay for a {animal}?
- bath
how often should I (bathe|wash) my {animal}?
#how often bathe {animal}
how frequently does a {animal} need a bath?
- sleep
how many hours (do {animal.1}|does a {animal}) sleep (a day|)?
#{animal} sleep hours
how much sleep does a {animal} need?
- train
HOWTO (train|teach) a {animal}?
#train {animal}
what's a good way of training my {animal}?
- name
!suggest (a name|names) for my (new|) {animal}
what should I (name|call) my {animal}?
#{animal} names
- male
how do I know if my {animal} is male or female?
#{animal} male or female difference
(telling|how to tell) the sex of a {animal}?

@ pet_problem
$ trouble entity: won't eat=refuses to eat=has stopped eating; won't drink=refuses to drink; is losing hair=is shedding a lot; keeps scratching=is scratching all the time; is limping; bites me=keeps biting; is vomiting=keeps throwing up; sleeps all day=is sleeping the whole day; is overweight=is too fat; is afraid of thunder=is scared of thunder; makes noise at night=is loud at night; has fleas; drinks a lot=is drinking too much water
my {animal} {trouble}, what should I do?
why is it that my {animal} {trouble} and what helps?
my {animal} {trouble}
what can I do (if|when) my {animal} {trouble}?
#{animal} {trouble} help
help, my {animal} {trouble}

@ plant_care kind=question
- water
how often (should|do) I water {plant}?
#watering {plant} how often
how much water do {plant} need?
!tell me the watering schedule for {plant}
- light
how much (sun|sunlight|light) do {plant} need?
do {plant} (like|prefer) sun or shade?
#{plant} light requirements
- plant
when (should|do) I plant {plant}?
what is the (right|best) time of year (for planting|to plant) {plant}?
#when to plant {plant}
- prune
HOWTO prune {plant}?
#pruning {plant}
what's the right way of cutting back {plant}?
- yellow
why are the leaves of my {plant} (turning|going) yellow?
my {plant} have yellow leaves
#{plant} yellow leaves
what causes yellow leaves on {plant}?
- brown
why are the leaves of my {plant} (turning|going) brown?
my {plant} have brown leaves
#{plant} brown leaves
what causes brown leaves on {plant}?
- pest
what (bugs|pests|insects) attack {plant}?
#{plant} pests
which insects are harmful to {plant}?

@ stain
HOWTO (remove|get|clean) {stain} (out of|from) {material}?
#remove {stain} from {material}
I (spilled|got|have) {stain} on {material}, how do I get it off?
there is {stain} on my {material}
what (removes|takes|gets) {stain} (out of|off) {material}?
{stain} stain on {material}, help

@ appliance_bug
$ fault entity: won't start=does not start=will not turn on; is leaking=leaks water; makes a loud noise=is very noisy; smells bad=stinks; is clogged=is blocked; won't stop=does not turn off; keeps tripping the breaker=trips the fuse; is not draining=does not drain; gets too hot=is overheating; won't get warm=does not heat
my {appliance} {fault}
why is it that my {appliance} {fault}?
the {appliance} {fault}, how (do I|can I) fix it?
#{appliance} {fault} fix
(what do I do|what can I do) when the {appliance} {fault}?
!help me, our {appliance} {fault}

@ clean_thing
HOWTO clean (a|my|the) {appliance} with {agent}?
$ agent constraint: vinegar; baking soda; bleach; lemon=lemon juice; dish soap; a steam cleaner; hydrogen peroxide; citric acid
#clean {appliance} with {agent}
can I clean my {appliance} (using|with) {agent}, and how?
I want to use {agent} (to clean|for cleaning) the {appliance}
!EXPLAIN how to use {agent} on a dirty {appliance}
cleaning a {appliance} with {agent}, how does that work?

@ flight
$ class adjective: cheap=inexpensive=low-cost; direct=nonstop=non-stop; business class; first class; one-way=one way; round-trip=return; overnight=red-eye; last-minute=last minute
!(find|search|look for) {class} flights from {city1} to {city2} on {date}
{class} flights {city1} to {city2} {date}
I (want|need|would like) to fly from {city1} to {city2} on {date}, {class}
!book me a {class} flight to {city2} from {city1} for {date}
are there {class} flights (leaving {city1} for {city2}|from {city1} to {city2}) on {date}?
#{class} flight {city1} {city2} {date}
on {date} I have to get from {city1} to {city2}, {class} flights only

@ how_to_get
$ by constraint: by train=by rail; by car=driving; by bus; by plane=flying; by bike=cycling; on foot=walking; by boat=by ferry
how (do|can) I get from {city1} to {city2} {by}?
#{city1} to {city2} {by}
what is the (route|way) from {city1} to {city2} {by}?
getting to {city2} from {city1} {by}, how?
!show me the way to {city2} {by}, starting (in|from) {city1}
I'm in {city1} and want to go to {city2} {by}

@ travel_time
how long is the (train|rail) (ride|journey|trip) from {city1} via {city2} to {city3}?
how long does the train take from {city1} to {city3} (via|through) {city2}?
#train {city1} {city3} via {city2} duration
taking the train from {city1} to {city3} with a stop in {city2}, how long?
!tell me the travel time by rail to {city3} from {city1} through {city2}

@ distance sym
how far is {city1} from {city2}?
what's the distance between {city1} and {city2}?
#distance {city1} {city2}
how many (miles|kilometers) are there between {city1} and {city2}?
!tell me how far apart {city1} and {city2} are
distance from {city1} to {city2}

@ time_zone_diff sym
what is the time difference between {city1} and {city2}?
#{city1} {city2} time difference
how many hours apart are {city1} and {city2}?
by how many hours do the clocks differ in {city1} and {city2}?

@ itinerary fmt
!plan a {small} day (trip|visit) to {city}
what should I (do|see) in {city} (in|within) {small} days?
{small} days in {city}, what to do?
#{city} {small} day itinerary
!WRITE an itinerary for {small} days in {city}
I have {small} days (to spend|) in {city}

@ hotel
$ feat constraint: with a pool=that has a pool; with free parking; with breakfast included; near the airport=close to the airport; downtown=in the city center; that allows pets=pet friendly; with a gym; under $100=for less than 100 dollars; with a sea view=with an ocean view; for families=family friendly
!(find|recommend|suggest) a hotel in {city} {feat}
#hotel {city} {feat}
I (need|want|am looking for) a hotel {feat} in {city}
(is there|do you know) a hotel in {city} {feat}?
where (can|could|should) I stay in {city} {feat}?

@ visit_when kind=question
- when
when is the best (time|season|month) to (visit|go to|travel to) {country}?
#best time to visit {country}
which month is best for (a trip|travelling) to {country}?
- visa
do I need a visa (for|to enter|to visit) {country}?
#{country} visa requirements
what are the visa rules for {country}?
is a visa (required|necessary) for {country}?
- safe
is {country} safe (for tourists|to visit|for travelers)?
#is {country} safe
how dangerous is it to travel to {country}?
- cost
how much does a (trip|holiday|vacation) (to|in) {country} cost?
#{country} trip cost
what budget do I need for travelling in {country}?
- shots
which (vaccines|vaccinations|shots) do I need for {country}?
#{country} travel vaccines
what should I get vaccinated against before going to {country}?
- plug
what (plug|power socket|outlet) type is used in {country}?
#{country} plug type
do I need a power adapter in {country}, which type?
- tip
how much should I tip in {country}?
#tipping in {country}
what are the tipping customs in {country}?
- drive
which side of the road do they drive on in {country}?
do people drive on the left or the right in {country}?
#{country} driving side

@ carry_on kind=scope
- hand
can I (bring|take|carry) {ingredient} in my (carry-on|hand luggage|cabin bag)?
(is|are) {ingredient} allowed in (carry-on|hand) (bags|luggage)?
#{ingredient} carry on allowed
- hold
can I (bring|take|pack) {ingredient} in my (checked bag|checked luggage|suitcase in the hold)?
(is|are) {ingredient} allowed in checked (bags|luggage)?
#{ingredient} checked baggage allowed
- customs
can I bring {ingredient} through customs (into the country|when I enter the country)?
(is|are) {ingredient} allowed through customs?
#{ingredient} customs rules

@ wear
what should I wear to a {event} in {season}?
#{season} {event} outfit
what (outfit|clothes) (is|are) right for a {season} {event}?
!suggest an outfit for a {event} in {season}
I'm going to a {event} this {season}, what do I put on?
I have a {event} in {season} and (nothing to wear|no idea what to wear)

@ gift
$ price constraint: ; under $20=for less than 20 dollars; under $50=for less than 50 dollars; under $100=for less than 100 dollars; that I can make myself=homemade; last minute
what should I (buy|get|give) my {kin} for {festival} {price}?
{festival} (gift|present) (idea|ideas) for my {kin} {price}
!GIVE (presents|gifts) for my {kin} for {festival} {price}
#{festival} gift {kin} {price}
what is a (good|nice) {festival} (present|gift) for my {kin} {price}?
I'm looking for a {festival} present {price} for my {kin}

@ party_msg
!WRITE a {tone} {festival} (message|card) for my {kin}
$ tone adjective: funny=humorous; short=brief; formal; heartfelt=warm; romantic; religious; rhyming; sarcastic; poetic; apologetic
what can I write in a {tone} {festival} card to my {kin}?
{tone} {festival} (wishes|greeting) for my {kin}
#{tone} {festival} wishes {kin}
I need a {tone} {festival} text for my {kin}

@ festival_when
when (is|was) {festival} in {year}?
on (what|which) (date|day) (did|does) {festival} fall in {year}?
#{festival} {year} date
!tell me the date of {festival} in {year}
{year} {festival}, what day is it?

@ workout kind=question
- muscle
what muscles do {exercise} work?
#{exercise} muscles worked
which muscles are trained by {exercise}?
- form
HOWTO do {exercise} (properly|correctly|with good form)?
#{exercise} proper form
what is the (right|correct) technique for {exercise}?
- often
how often should I do {exercise}?
#{exercise} how many times a week
how many days (a|per) week should one do {exercise}?
- pain
why does my back hurt (after|when doing) {exercise}?
#{exercise} back pain
I get back pain from {exercise}
- skip
what can I do instead of {exercise}?
#{exercise} alternatives
I can't do {exercise}, what is an alternative?

@ burn
$ span time: 10 minutes=ten minutes; 20 minutes=twenty minutes; 30 minutes=half an hour; an hour=60 minutes
how many calories do you burn (with|doing) {span} of {exercise}?
#calories burned {exercise} {span}
{span} of {exercise}, how many calories is that?
how much energy does {span} of {exercise} use?
!estimate the calories burnt by {span} of {exercise}
"""
