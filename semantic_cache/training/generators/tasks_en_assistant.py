"""English requests to voice assistants, and negation. `grammar` says how they are written."""

# ruff: noqa: E501
TASKS = """
@ radio kind=verb
$ station entity: BBC Radio 1; BBC Radio 4; NPR; Capital FM; Classic FM; KEXP; Radio Paradise; Kiss FM; Heart FM; Virgin Radio; Jazz FM; Absolute Radio; WNYC; KCRW; Smooth Radio
- play
!(play|put on|tune in to|start) {station}
I (want|would like) to (listen to|hear) {station}
!(switch|turn) (on|the radio to) {station}
- stop
!(stop|turn off|shut off) {station}
I'm done listening to {station}, (stop it|turn it off)
- save
!(save|add) {station} (to|as one of) my favorite stations
!make {station} a favorite
- song
what song is (on|playing on) {station} (right now|now|)?
!tell me the (song|track) on {station}

@ podcast
$ which adjective: latest=newest=most recent; first; previous=last one before this; next; longest; shortest; unplayed=unheard; most popular
$ about entity: history; true crime; football; science; politics; cooking; parenting; startups=start-ups; meditation; movies=films; space; philosophy; gardening; money; language learning
!play the {which} episode of my podcast (on|about) {about}
!start the {which} {about} podcast episode
I (want|would like) to hear the {which} episode of the {about} podcast
{about} podcast {which} episode
!put on the {which} episode from the podcast about {about}

@ audiobook kind=verb
- resume
!(resume|continue|carry on with) {book} on my reader
!keep reading {book} (from where I stopped|where we left off)
!go on with the audiobook {book}
- start
!(start|play) {book} from the beginning on my reader
!read me {book} from page one
!begin the audiobook {book} again
- skip
!skip a chapter of {book}
!jump to the next chapter (of|in) {book}
- back
!go back a chapter in {book}
!jump to the previous chapter (of|in) {book}
- speed
!read {book} faster
!speed up the audiobook {book}
- slow
!read {book} slower
!slow down the audiobook {book}

@ news
$ about entity: politics; sports=sport; the economy; technology=tech; the election; climate; football; health; the stock market; science; celebrities; the war; film; education; crime; traffic
what's (the|in the) news (on|about|regarding) {about} (in|from) {country}?
#{country} {about} news
!(tell|give|read) me the (news|headlines) (on|about) {about} (in|from) {country}
anything new (on|about) {about} in {country}?
{about} (headlines|news) from {country}
!update me on {about} in {country}

@ news_alert kind=polarity
$ about entity: politics; sports=sport; the economy; technology=tech; the election; climate; football; health; the stock market; science; celebrities; traffic
- on
!(alert|notify) me when there is news (on|about) {about}
!(turn on|start) news alerts for {about}
I want notifications (on|about) {about}
- off
!(stop|don't keep) (alerting|notifying) me about {about} news
!(turn off|end) news alerts for {about}
I don't want notifications (on|about) {about}

@ joke
$ kind adjective: dad; knock-knock=knock knock; dark; clean; short=quick; long; corny=cheesy; political; dirty
$ about entity: cats; dogs; lawyers; doctors; programmers=developers; teachers; bananas; elephants; chickens; pirates; marriage; school; the weather; trains; robots; vampires; snow; ducks
!tell me a {kind} joke about {about}
{kind} joke (on|about) {about}
!make me laugh with a {kind} joke about {about}
do you know a {kind} joke about {about}?
I (want|would like) to hear a {kind} joke about {about}

@ takeaway
!order {small} {dish} from {rest} for {when}
$ rest entity: Domino's; Pizza Hut; Luigi's; the Golden Dragon; Subway; Papa John's; the Thai Palace; Five Guys; KFC; Burger King; the corner diner; Taj Tandoori; Sushi Bar
$ when constraint: delivery=home delivery; pickup=pick-up=collection
I (want|would like) {small} {dish} from {rest} for {when}
can I get {small} {dish} for {when} from {rest}?
!place an order (at|with) {rest}: {small} {dish}, {when}
{rest} {small} {dish} {when}

@ takeaway_ask kind=question
$ rest entity: Domino's; Pizza Hut; Luigi's; the Golden Dragon; Subway; Papa John's; the Thai Palace; Five Guys; KFC; Burger King; the corner diner; Taj Tandoori; Sushi Bar
- do
does {rest} (do|offer) (takeaway|takeout)?
can I get takeout (from|at) {rest}?
- deliver
does {rest} deliver?
can {rest} bring food to my place?
- open
what are the opening hours of {rest}?
when does {rest} open?
- where is my
where is my {rest} order?
!track my order from {rest}
- menu
what's on the menu at {rest}?
!show me the menu of {rest}
- rate
how (good|well rated) is {rest}?
!tell me the rating of {rest}
- cancel
!cancel my order (from|at) {rest}
I don't want the food from {rest} any more
- repeat
!order the same as last time (from|at) {rest}
!repeat my last {rest} order

@ taxi kind=verb
$ place entity: the airport; the train station; the hospital; my office=work; my hotel; the city center=downtown; the stadium; the university; the harbor=the harbour; the museum; my home=home; the theater=the theatre; the mall
!(book|get|call) me a (taxi|cab) from {place1} to {place2} at {clock}
(taxi|cab) {place1} to {place2} {clock}
I need a (ride|cab|taxi) to {place2} at {clock}, pick me up at {place1}
at {clock} I have to go from {place1} to {place2}, (call|order) a cab
can a (taxi|cab) take me from {place1} to {place2} at {clock}?

@ train_ticket
$ seat adjective: first class=1st class; second class=2nd class; window seat; aisle seat; quiet zone=quiet car; sleeper=sleeping car
!(book|buy|get) a {seat} train ticket from {city1} to {city2} for {weekday}
{weekday} {seat} train ticket {city1} to {city2}
I (need|want) to take the train to {city2} from {city1} on {weekday}, {seat}
#train {city1} {city2} {weekday} {seat}
(is there|do you have) a {seat} ticket for the {weekday} train from {city1} to {city2}?

@ train_when kind=question
- next
when (does|is) the next train from {city1} to {city2} (leave|)?
next train {city1} to {city2}
what time is the next train going to {city2} from {city1}?
- last
when (does|is) the last train from {city1} to {city2} (leave|)?
last train {city1} to {city2}
what time is the final train going to {city2} from {city1}?
- first
when (does|is) the first train from {city1} to {city2} in the morning?
first train {city1} to {city2}
- late
is the train from {city1} to {city2} (late|delayed)?
any delays on the train from {city1} to {city2}?
- cost
how much is the train from {city1} to {city2}?
train fare {city1} to {city2}
- change
do I have to change trains from {city1} to {city2}?
is there a direct train from {city1} to {city2}?

@ traffic
$ road entity: the highway=the motorway; the ring road; the bridge; the tunnel; the main street=high street; the airport road; the coastal road
how is the traffic on {road} (near|around|in) {city} {daypart}?
!(check|tell me) the traffic on {road} in {city} {daypart}
any (jams|congestion|traffic jams) on {road} in {city} {daypart}?
#traffic {city} {road} {daypart}
{daypart} is there a lot of traffic on {road} in {city}?

@ tweet
!(tweet|post a tweet) to {company} that my {product} {state}
$ state adjective: arrived broken=came damaged; never came=did not arrive; is great=is fantastic; stopped working=no longer works; is the wrong color=has the wrong colour; is too small; arrived early; is overpriced=is too expensive
!(complain|write) on twitter at {company}: my {product} {state}
!let {company} know in a tweet that my {product} {state}
(tweet|twitter post) for {company} saying my {product} {state}
!post that my {product} {state} and tag {company}

@ contact kind=verb
- add email
!save the email address of my {kin}
!(add|store) an email for my {kin} in my contacts
- get number
what is the (phone number|number) of my {kin}?
!(look up|find) my {kin}'s (phone|) number
!tell me the number I have for my {kin}
- get address
what's the (home|street) address of my {kin}?
where does my {kin} live?
- birthday
when is the birthday of my {kin}?
!tell me my {kin}'s birthday
- remove
!(remove|delete) my {kin} from my contacts
!take my {kin} out of the address book
- favorite
!(add|make) my {kin} (to favorites|a favorite contact)
!put my {kin} among my favourite contacts
- last
when did I last (talk to|speak with) my {kin}?
when was my latest call with my {kin}?

@ list_make kind=verb
$ name entity: Christmas; packing; party; wedding; hardware store; books=reading; movies=films; chores; gifts=presents; travel; school; groceries; garden; ideas
- new
!(create|make|start) a (new|) list (called|named) {name}
I (need|want) a new {name} list
!open up a fresh list for {name}
- delete
!(delete|remove|erase) the {name} list
!get rid of my {name} list
I don't need the {name} list any more
- read
!read (out|me) the {name} list
what is on (my|the) {name} list?
!tell me what's in the {name} list
- share
!share the {name} list with my family
!send my family the {name} list
- empty
!(empty|clear) the {name} list but keep it
!take everything off the {name} list
- which
do I have a {name} list?
is there a list called {name}?

@ vacuum kind=verb
- start
!(start|run) the robot vacuum in the {room} at {clock}
!(vacuum|hoover) the {room} at {clock}
the {room} should be vacuumed at {clock}
- stop
!(stop|halt) the robot vacuum in the {room} at {clock}
!no more vacuuming in the {room} after {clock}
- mop
!mop the {room} at {clock}
the {room} floor should be mopped at {clock}
!run the mopping robot in the {room} at {clock}

@ coffee
$ drink entity: espresso; double espresso; latte; cappuccino; black coffee=americano; decaf; flat white; hot chocolate; green tea; mocha
$ extra constraint: ; with milk; without milk=no milk; with sugar; without sugar=no sugar; with oat milk; extra hot; with cinnamon
!make (me|) {small} cups of {drink} {extra} at {clock}
{small} {drink} {extra} at {clock}
I (want|would like) {small} {drink} {extra} at {clock}
!have {small} {drink} {extra} ready by {clock}
!brew {small} cups of {drink} {extra} at {clock}

@ dim kind=direction
- dim
!(dim|lower|turn down) the {room} lights (to|down to) {percent}
the {room} is too bright, (dim|lower) it to {percent}
!reduce the brightness in the {room} to {percent}
- up
!(brighten|turn up|raise) the {room} lights (to|up to) {percent}
the {room} is too dark, (brighten|raise) it to {percent}
!increase the brightness in the {room} to {percent}

@ event_find
$ what entity: concerts=live music; exhibitions=art shows; food markets; theater plays=theatre shows; football matches; festivals; workshops; book readings; flea markets; comedy shows=stand-up; kids events=events for children; parades; hackathons; yoga classes
$ cost constraint: ; that are free=for free; for less than $20=under $20; outdoors=in the open air; indoors
what {what} are (on|there|happening) in {city} {daypart} {cost}?
#{what} {city} {daypart} {cost}
!find {what} in {city} {daypart} {cost}
I (want|would like) to go to {what} in {city} {daypart} {cost}
{daypart} in {city}, are there {what} {cost}?
!show me {what} {cost} in {city} {daypart}

@ recommend
!(recommend|suggest) a {what} like {movie} but {how}
$ what entity: movie=film; series=TV show; book; game
$ how adjective: funnier=more funny; scarier=more scary; for kids=suitable for children; shorter; older; newer=more recent; in Spanish; more romantic; less violent=with less violence; animated
I (liked|loved) {movie}, give me a {what} that is similar but {how}
what is a {what} similar to {movie} but {how}?
#{what} like {movie} but {how}
(is there|do you know) a {what} in the style of {movie}, only {how}?

@ not_in kind=polarity
$ set entity: the European Union=the EU; NATO; the G7; the G20; the Commonwealth; ASEAN; OPEC; the eurozone; the Schengen area=Schengen; the African Union; BRICS; the OECD
$ region entity: Europe; Asia; Africa; the Balkans; South America; the Middle East; Scandinavia; the Baltics; North America; Southeast Asia
- in
which countries (in|of) {region} are (in|part of) {set}?
#{region} countries in {set}
!(list|name) the {region} countries that belong to {set}
what {region} states are members of {set}?
- not in
which countries (in|of) {region} are not (in|part of) {set}?
#{region} countries not in {set}
!(list|name) the {region} countries that do not belong to {set}
what {region} states aren't members of {set}?
- joined last
which country of {region} was the last to join {set}?
#{region} last country to join {set}
- left
which countries of {region} have left {set}?
#{region} countries that left {set}

@ food_negation kind=polarity
$ sub entity: gluten; lactose; sugar; nuts; caffeine; iron; calcium; vitamin C; vitamin B12; protein; fiber=fibre; soy; cholesterol; sodium=salt; omega-3; potassium; starch; gelatin
- has
which {meal} foods (contain|have) {sub}?
#{meal} foods with {sub}
!GIVE {meal} foods (that contain|with|rich in) {sub}
what can I eat for {meal} that has {sub} in it?
- not
which {meal} foods (do not contain|have no) {sub}?
#{meal} foods without {sub}
!GIVE {meal} foods (that contain no|without|free of) {sub}
what can I eat for {meal} that has no {sub} in it?
- replace
how much {sub} (is|do I need) in a (typical|normal) {meal}?
#{sub} amount in {meal}

@ animals_negation kind=polarity
$ prop entity: fly; swim; lay eggs; hibernate; live in water; eat meat; eat plants only; see in the dark; climb trees; have a backbone; produce milk; jump; change color=change colour; live alone; sleep standing up
$ group entity: mammals; birds; reptiles; insects; fish; amphibians; snakes; dinosaurs; marsupials; rodents
- can
which {group} {prop}?
#{group} that {prop}
!(list|name) (some|) {group} that {prop}
do you know {group} that {prop}?
- cannot
which {group} do not {prop}?
#{group} that don't {prop}
!(list|name) (some|) {group} that do not {prop}
do you know {group} that don't {prop}?
- why
why do {group} {prop}?
what is the reason (that|why) {group} {prop}?
- all
do all {group} {prop}?
is it true that every kind of {group} can {prop}?

@ advice_should kind=polarity
$ act entity: drink coffee; exercise; eat; shower=take a shower; take a nap=nap; brush my teeth; drink alcohol; stretch; use my phone; take vitamins; drive; swim; donate blood; fast; wear contact lenses; sunbathe
$ when time: before bed=before going to sleep; after a workout=after exercise; before a workout=before exercise; after surgery=after an operation; before surgery=before an operation; before a blood test; after a vaccination=after a vaccine; during pregnancy=while pregnant; with a cold; with a fever; at night; in the morning; before an exam; after a meal=after eating
- should
should I {act} {when}?
is it (good|a good idea|advisable) to {act} {when}?
#{act} {when} good idea
what are the benefits if I {act} {when}?
- why not
why should I not {act} {when}?
what's wrong with it if I {act} {when}?
#why not {act} {when}
- how long
how long should I wait to {act} {when}?
#how long until I can {act} {when}
"""
