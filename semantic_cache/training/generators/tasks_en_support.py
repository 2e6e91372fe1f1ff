"""English tasks of customers, money, law and keyword searches. `grammar` says how they are written."""

# ruff: noqa: E501
TASKS = """
@ account_act kind=verb
- open
HOWTO open a {account} (with you|at your bank|)?
WANTTO open a {account}
#open {account}
what do I need (for opening|to open) a {account}?
- close
HOWTO close (my|a) {account}?
WANTTO close my {account}
#close {account}
I no longer want my {account}
- freeze
HOWTO (freeze|block|lock) my {account}?
WANTTO (freeze|block) my {account}
#freeze {account}
- fee
what are the fees for a {account}?
#{account} fees
how much does a {account} cost (a|per) month?
- upgrade
HOWTO upgrade my {account}?
WANTTO upgrade my {account}
#upgrade {account}
- limit
what's the (daily|) limit of my {account}?
#{account} limit
how much can I spend with my {account}?
- name
HOWTO change the name on my {account}?
#change name {account}
my name changed, how do I update my {account}?

@ transfer
!(transfer|send|move) {dollars} from my {account1} to my {account2}
{dollars} from {account1} to {account2}
I (want|need) to move {dollars} to my {account2} out of my {account1}
!take {dollars} from the {account1} and put it into the {account2}
can you shift {dollars} from {account1} to {account2}?

@ pay_person kind=direction
- send
!(send|pay|transfer) {dollars} to {person}
!pay {person} {dollars}
I (owe|want to send) {person} {dollars}, (pay it|send it)
{dollars} to {person}
- request
!(request|ask for) {dollars} from {person}
!ask {person} to pay me {dollars}
{person} owes me {dollars}, (request it|ask for it)
{dollars} from {person}
- schedule
!pay {person} {dollars} every month
!set up a monthly payment of {dollars} to {person}
{person} should get {dollars} from me each month

@ card_trouble
$ what entity: was stolen=got stolen; is lost=can't be found; was declined=got rejected; was swallowed by the ATM=got stuck in the cash machine; is damaged=is broken; expired=is out of date; was charged twice=got a double charge; has not arrived=didn't come; doesn't work abroad=is not working overseas; doesn't work online=is not working on websites; PIN is blocked=PIN got locked
$ card entity: credit card; debit card; prepaid card; virtual card; business card; gift card
my {card} {what}
help, my {card} {what}
what (do|should|can) I do, my {card} {what}?
the {card} I have {what}
why is it that my {card} {what}?

@ fees
$ act verb: withdrawing cash=taking out cash; paying by card=card payments; transferring money=sending money; exchanging currency=changing money; depositing cash=paying in cash; depositing a check=paying in a cheque
$ where entity: abroad=overseas=in a foreign country; at home=in my own country; in Europe; in the US=in America; online=on the internet; at the airport; on weekends=at the weekend
what are the fees for {act} {where}?
#{act} {where} fee
how much (do you charge|does it cost) for {act} {where}?
what does {act} {where} cost?
I (want|would like) to know the (price|fee) of {act} {where}
!tell me the (fee|charge) for {act} {where}

@ order_act kind=verb
- cancel
HOWTO cancel my order (for|of) (the|a|) {color} {product}?
WANTTO cancel the order of the {color} {product}
!cancel my {color} {product} order
I ordered a {color} {product} but don't want it (any more|)
- return
HOWTO return the {color} {product} I (bought|received)?
WANTTO (return|send back) the {color} {product}
!start a return for the {color} {product}
I got the {color} {product} and want to send it back
- exchange
HOWTO exchange the {color} {product} for another size?
WANTTO exchange the {color} {product} for another size
the {color} {product} has the wrong size, I need another size
- track
where is my order (of|for) the {color} {product}?
!track my {color} {product} (order|delivery)
when will the {color} {product} I ordered (arrive|be delivered)?
the {color} {product} has not arrived (yet|)
- address
HOWTO change the delivery address for the {color} {product}?
the {color} {product} should go to another address
!send the {color} {product} I ordered to a different address
- stock
do you have the {product} in {color}?
is the {color} {product} (in stock|available)?
when will the {color} {product} be back in stock?
- price
how much is the {color} {product}?
what does the {color} {product} cost?
#{color} {product} price

@ order_wrong
I (ordered|bought) a {product1} but (got|received) a {product2}
you sent me a {product2} instead of a {product1}
(instead of|in place of) the {product1} there was a {product2} in the (box|parcel|package)
my parcel has a {product2} in it, it should be a {product1}
wrong item: {product2} (delivered|came), {product1} ordered

@ order_state
$ state adjective: damaged=broken; late=delayed; incomplete=missing parts; the wrong size; the wrong color=the wrong colour; used=not new; defective=faulty; too small; too big=too large; dirty; fake=counterfeit
$ want verb: a refund=my money back; a replacement=a new one; a discount=a partial refund; an explanation; a repair; a return label
the {product} is {state}, I want {want}
I (received|got) a {product} that is {state} and would like {want}
HOWTO get {want} (for|if) my {product} is {state}?
my {product} is {state}, {want} please
!give me {want}, the {product} is {state}

@ refund_time kind=question
$ pay entity: PayPal; credit card; debit card; bank transfer=wire transfer; gift card; store credit; Apple Pay; cash; Klarna; check=cheque
- when
when will I get my refund (by|via|to) {pay}?
how long (does|do) a refund (by|via|to) {pay} take?
#{pay} refund time
I'm still waiting for the {pay} refund
- can
can I get a refund (by|via|to) {pay}?
is a refund (by|via|to) {pay} possible?
#refund to {pay} possible
- pay
can I pay (by|with) {pay}?
do you (accept|take) {pay}?
is payment (by|with) {pay} (possible|accepted)?
- split
can I pay half (by|with) {pay} and the rest later?
#pay half {pay}
is it possible to pay one half with {pay} now?
- fail
why did my payment (by|with) {pay} fail?
my {pay} payment (failed|was declined|did not go through)
#{pay} payment failed

@ shipping
$ speed adjective: express=fast=expedited; standard=normal=regular; overnight=next-day; free; insured; tracked=with tracking
how much is {speed} shipping to {country}?
#{speed} shipping {country} cost
what does {speed} delivery to {country} cost?
I live in {country}, what is the price of {speed} shipping?
!tell me the {speed} shipping (cost|price|rate) for {country}

@ shipping_time kind=question
- long
how long does (shipping|delivery) to {country} take?
#delivery time {country}
when will a (package|parcel) to {country} arrive?
- do you
do you (ship|deliver|send) to {country}?
is (delivery|shipping) to {country} (possible|available)?
can I order if I live in {country}?
- duty
do I pay (customs|import duty) when ordering to {country}?
#customs duty {country}
are customs fees included for {country}?
- return
HOWTO return an item from {country}?
#return item from {country}
who pays return shipping from {country}?

@ service_act kind=verb
- cancel
HOWTO (cancel|end|stop) my {service} subscription?
#cancel {service}
WANTTO (cancel|quit) {service}
!help me get out of my {service} plan
- delete
HOWTO delete my {service} account (for good|permanently|)?
#delete {service} account
WANTTO delete my {service} account
- pause
HOWTO (pause|suspend) {service} for a while?
#pause {service}
- password
HOWTO (reset|recover) my {service} password?
#{service} reset password
I forgot my {service} password
I can't remember the password for {service}
- change password
HOWTO change my {service} password, I still know the old one?
#{service} change known password
- email
HOWTO change the email (address|) (on|of|for) my {service} account?
#{service} change email
- hacked
my {service} account (was|got|has been) hacked
someone (broke into|took over) my {service} account
#{service} account hacked
- name
HOWTO change my (username|display name) on {service}?
#{service} change username
- down
is {service} down (right now|)?
{service} (is not loading|won't load)
#{service} down
- price
how much does {service} cost?
#{service} price
what is the monthly price of {service}?
- share
can I share my {service} (account|subscription) with my family?
#{service} family sharing
- free
is there a free (version|plan) of {service}?
#{service} free version
can I use {service} without paying?
- contact
HOWTO (contact|reach) {service} support?
#{service} customer service
what's the phone number of {service} support?

@ service_privacy kind=polarity
$ thing entity: my photos=my pictures; my phone number; my location; my friends list; my posts; my birthday; my email; my online status; my watch history; my purchase history; my profile
- hide
HOWTO hide {thing} on {service}?
#hide {thing} {service}
I don't want people to see {thing} on {service}
- show
HOWTO show {thing} (publicly|to everyone) on {service}?
#show {thing} publicly {service}
I want everybody to see {thing} on {service}
- who
who can see {thing} on {service}?
#who sees {thing} {service}
is {thing} visible to others on {service}?
- download
HOWTO (download|export|save) {thing} from {service}?
#download {thing} {service}
- delete
HOWTO (delete|erase) {thing} on {service}?
#delete {thing} {service}

@ service_move
HOWTO (move|transfer) my (data|files|content) from {service1} to {service2}?
#{service1} to {service2} transfer
I want to leave {service1} for {service2} and take my data
!export everything from {service1} and import it into {service2}

@ service_link kind=polarity sym
- link
HOWTO (link|connect) {service1} (to|with) {service2}?
#link {service1} to {service2}
I want {service1} connected with {service2}
- unlink
HOWTO (unlink|disconnect) {service1} from {service2}?
#unlink {service1} from {service2}
I don't want {service1} connected to {service2} any more

@ vehicle kind=verb
- change
HOWTO (change|replace) the {carpart} (on|of) (a|my) {vehicle}?
#{vehicle} replace {carpart}
WANTTO replace the {carpart} of my {vehicle} myself
- check
HOWTO check the {carpart} (on|of) (a|my) {vehicle}?
#{vehicle} check {carpart}
how do I know (if|whether) the {carpart} of my {vehicle} is bad?
- cost
how much does it cost to (change|replace) the {carpart} (on|of) a {vehicle}?
#{vehicle} {carpart} replacement cost
what does a garage charge for a new {carpart} on a {vehicle}?
- often
how often should the {carpart} (on|of) a {vehicle} be (changed|replaced)?
#{vehicle} {carpart} replacement interval
after how many miles do I replace the {carpart} of a {vehicle}?
- noise
why does the {carpart} of my {vehicle} make noise?
#{vehicle} {carpart} noise
- clean
HOWTO clean the {carpart} (on|of) a {vehicle}?
#{vehicle} clean {carpart}

@ vehicle_deal kind=direction
- buy
what should I (check|know) before (buying|I buy) a used {vehicle} for {thousands}?
#buying used {vehicle} {thousands}
I'm buying a second-hand {vehicle} for {thousands}, what to look for?
- sell
what should I (check|know) before (selling|I sell) my used {vehicle} for {thousands}?
#selling used {vehicle} {thousands}
I'm selling a second-hand {vehicle} for {thousands}, what to watch out for?
- lease
what should I (check|know) before (leasing|I lease) a {vehicle} worth {thousands}?
#leasing {vehicle} {thousands}
- insure
what does it cost to insure a {vehicle} worth {thousands}?
#insurance {vehicle} {thousands}
insurance price for a {vehicle} worth {thousands}?

@ doc_ask kind=verb
- apply
HOWTO apply for a {doc} in {country}?
#apply {doc} {country}
what (papers|documents) do I need for a {doc} in {country}?
- renew
HOWTO renew (a|my) {doc} in {country}?
#renew {doc} {country}
my {doc} from {country} expires soon, how do I extend it?
- lost
I lost my {doc} in {country}, what (do I do|now)?
#lost {doc} {country}
what should I do if my {doc} is lost in {country}?
- cost
how much does a {doc} cost in {country}?
#{doc} fee {country}
what's the fee for a {doc} in {country}?
- long
how long does it take to get a {doc} in {country}?
#{doc} processing time {country}
when will I receive my {doc} in {country}?
- valid
how long is a {doc} valid in {country}?
#{doc} validity {country}
when does a {doc} expire in {country}?
- translate
do I need a translated {doc} in {country}?
#translated {doc} {country}
is it necessary to have my {doc} translated for {country}?

@ legal kind=question
$ act entity: smoke weed=use cannabis; carry a knife; own a gun; drink in public; gamble online; record phone calls; jaywalk; fly a drone; work without a contract; keep a tiger; collect rainwater; sublet my apartment=rent out my flat; ride a bike without a helmet; drive barefoot; sell homemade food; busk=play music in the street; camp in the wild=wild camp; marry a cousin; download movies; brew beer at home; homeschool my kids; burn garden waste
- is
is it (legal|allowed|lawful) to {act} in {country}?
#is it legal to {act} {country}
(can I|am I allowed to) {act} in {country}?
does the law (permit|allow) people to {act} in {country}?
- penalty
what is the (penalty|punishment|fine) if you {act} in {country}?
#{act} penalty {country}
what happens if they catch me when I {act} in {country}?
- why
why is it (illegal|forbidden) to {act} in {country}?
#why illegal to {act} {country}
for what reason does {country} forbid people to {act}?
- since
since when (is|has) it (been|) legal to {act} in {country}?
#{act} legal since {country}

@ age_limit
$ act entity: drive=drive a car; vote; drink alcohol; buy cigarettes; get married=marry; join the army; work; rent a car; get a tattoo; gamble; buy a lottery ticket; retire; adopt a child; fly alone=travel alone by plane; get a credit card; donate blood
can a {age} year old {act} in {country}?
#{act} at {age} {country}
at {age}, am I (allowed|old enough) to {act} in {country}?
is {age} old enough to {act} in {country}?
I'm {age}, may I {act} in {country}?

@ tenant kind=role
$ act entity: break the lease=end the lease early; keep the deposit=hold on to the deposit; enter the apartment at night=go into the flat at night; paint the walls; refuse repairs; change the locks; demand more money=ask for more money; cut off the water; install cameras=put up cameras; keep a dog; cancel by email; call the police
- tenant
can a (tenant|renter) {act} in {country}?
is a (tenant|renter) allowed to {act} in {country}?
#tenant {act} {country}
I rent a flat in {country}, may I {act}?
- landlord
can a (landlord|property owner) {act} in {country}?
is a (landlord|property owner) allowed to {act} in {country}?
#landlord {act} {country}
I let out a flat in {country}, may I {act}?

@ employee kind=role
$ act entity: work overtime=do overtime; take a long break; work from home=do home office; read private emails; go on strike; end the contract early=terminate the contract early; refuse a vacation=turn down a holiday; record meetings; change the schedule; work on Sundays; wear shorts
- employee
can an (employee|worker) {act} in {country}?
what does the law in {country} say if an (employee|worker) wants to {act}?
#employee right to {act} {country}
- employer
can an (employer|company) make people {act} in {country}?
what does the law in {country} say if an (employer|company) forces staff to {act}?
#employer force {act} {country}
- forbid
can an (employer|company) stop people who {act} in {country}?
#employer forbid {act} {country}

@ hr_days
how many days of {leave} (leave|off) do I get after {years} at the company?
$ leave entity: vacation=holiday=annual; sick; parental; maternity; paternity; bereavement; unpaid; study
#{leave} leave days after {years}
I've been here for {years}, how much {leave} leave do I have?
after {years} of service, what is my {leave} leave?
!tell me the {leave} leave entitlement after {years}

@ hr_form kind=verb
$ what entity: vacation=holiday; sick leave; overtime; a business trip; home office=working from home; parental leave; training; a salary advance; travel expenses; a new laptop
- request
HOWTO (request|apply for) {what} for {month}?
WANTTO apply for {what} in {month}
#request {what} {month}
- cancel
HOWTO (cancel|withdraw) my request for {what} in {month}?
WANTTO withdraw my {what} request for {month}
#cancel {what} {month}
- check
what is the status of my {what} request for {month}?
was my request for {what} in {month} approved?
#{what} request {month} status
- approve
HOWTO approve an employee's request for {what} in {month}?
#approve {what} employee {month}
one of my staff asked for {what} in {month}, how do I approve it?

@ invest kind=direction
- buy
should I buy {company} (stock|shares) now?
is it a good (time|moment) to buy {company} (stock|shares)?
#{company} stock buy
- sell
should I sell my {company} (stock|shares) now?
is it a good (time|moment) to sell {company} (stock|shares)?
#{company} stock sell
- price
what's the {company} (stock|share) price?
#{company} share price
how much is one {company} share?
- ceo
who is the (CEO|boss|head) of {company}?
#{company} ceo
who runs {company}?
- founded
when was {company} founded?
#{company} founding year
how old is {company}?
- where
where (is the headquarters of {company}|is {company} based)?
#{company} headquarters
- employees
how many people work (for|at) {company}?
#{company} number of employees
- dividend
does {company} pay a dividend?
#{company} dividend
- competitors
who are the competitors of {company}?
#{company} competitors
- complain
HOWTO complain (to|about) {company}?
#{company} complaint

@ company_buy
did {company1} (buy|acquire|take over) {company2}?
#{company1} acquires {company2}
was {company2} (bought|acquired|taken over) by {company1}?
does {company2} belong to {company1}?
is {company1} the owner of {company2}?

@ save_money
how can I save {thousands} in {years}?
#save {thousands} in {years}
I want to (put aside|save) {thousands} (within|in) {years}, how?
!make a plan to save {thousands} in {years}
how much do I put aside a month to have {thousands} in {years}?

@ sizes
$ from scope: US; UK; EU=European; Japanese; Australian; Italian
$ what entity: shoe; dress; shirt; ring; bra; pants=trouser; hat; jeans
what is a {from1} {what} size {num} in {from2} sizes?
#{what} size {num} {from1} to {from2}
!convert {from1} {what} size {num} to {from2}
I wear a {what} size {num} in {from1} sizing, what is that in {from2} sizing?

@ near
$ place entity: pharmacy=drugstore; gas station=petrol station; ATM=cash machine; hospital; supermarket=grocery store; bakery; gym=fitness studio; library; post office; bank; barber; vet=veterinarian; parking garage=car park; cinema=movie theater; police station; laundromat; dentist; playground; swimming pool; Indian restaurant; Italian restaurant; Chinese restaurant; Thai restaurant; coffee shop=café; bookstore=bookshop
$ cond constraint: ; that is open now=open right now; open on Sunday=that opens on Sundays; with parking; that is open 24 hours=open around the clock; that is cheap=cheap; for kids=kid-friendly; with wheelchair access=wheelchair accessible
!(find|show me) a {place} near {landmark} {cond}
#{place} near {landmark} {cond}
where is the (closest|nearest) {place} to {landmark} {cond}?
is there a {place} {cond} (close to|near|around) {landmark}?
I'm at {landmark} and need a {place} {cond}

@ table_book
!(book|reserve) a table for {small} at {clock} on {weekday}
a table for {small} on {weekday} at {clock}
(can I get|do you have) a table for {small} people {weekday} at {clock}?
we are {small} and would like to (eat|dine) on {weekday} at {clock}
!reserve for {small} persons, {weekday} {clock}
#table {small} people {weekday} {clock}

@ booking_change kind=verb
$ what entity: table; hotel room; flight; rental car=hire car; train seat; appointment; massage; tour; concert ticket; haircut
- cancel
!cancel my {what} (booking|reservation) (on|for) {date}
WANTTO cancel the {what} I booked for {date}
I won't need the {what} on {date}
- confirm
!confirm my {what} (booking|reservation) (on|for) {date}
is my {what} on {date} confirmed?
please confirm the {what} I booked for {date}
- move
!move my {what} (booking|reservation) from {date} to the next day
can I have the {what} one day later than {date}?
- price
what did I pay for the {what} on {date}?
how much is my {what} (booking|reservation) for {date}?

@ keyword_diy
$ job verb: paint; repair=fix; install=put in; remove=take out; clean; insulate; seal; sand; drill into; build; unclog; level; tile; wallpaper
$ what entity: bathroom floor; kitchen wall; wooden deck; window frame; front door; garage door; ceiling; staircase; fence; roof; shower; sink; brick wall; concrete floor; bookshelf; drywall; radiator; chimney
$ cond constraint: ; without tools=with no tools; in winter; in an apartment=in a flat; on a budget=cheaply; before selling=prior to selling; alone=by myself; after a flood; with kids
HOWTO {job} a {what} {cond}?
#{job} {what} {cond}
WANTTO {job} a {what} {cond}
!EXPLAIN how to {job} a {what} {cond}
I have a {what} that I must {job} {cond}, how?

@ baby
$ act entity: sleep through the night; eat solid food=start solids; sit up=sit on their own; crawl; walk=take first steps; talk=say first words; drink cow's milk; drink water; eat honey; eat eggs; swim; use sunscreen; have a pillow=sleep with a pillow; watch TV=look at a TV; fly=travel by plane; wear shoes; take a bath=be bathed
$ old time: 1 month=one month; 2 months=two months; 3 months=three months; 4 months=four months; 6 months=six months=half a year; 9 months=nine months; 12 months=one year=1 year; 18 months=eighteen months; 2 years=two years
can a baby {act} at {old}?
is it normal for a baby to {act} at {old}?
#baby {old} {act}
my baby is {old}, (can|may) she {act}?
at {old}, (should|can) a baby {act}?

@ tense_event kind=tense
$ act entity: renew the contract~renewed the contract; sell the house~sold the house; pay the invoice~paid the invoice; sign the lease~signed the lease; submit the form~submitted the form; cancel the policy~cancelled the policy; file the tax return~filed the tax return; miss the deadline~missed the deadline; quit the job~quit the job already; change the address~changed the address
- future
what (happens|follows) if I {act} next {month}?
I'm going to {act} in {month}, what should I know (beforehand|before that)?
#before you {act} {month}
- past
I {act.1} last {month}, what (happens|follows) now?
what comes next, I {act.1} back in {month}?
#after i {act.1} {month}
- not
what (happens|follows) if I do not {act} by {month}?
I can't {act} before {month}, what are the consequences?
#fail to {act} by {month}

@ scope_rule kind=scope
$ thing entity: employees; students; tenants; members; customers; drivers; visitors; volunteers; teachers; patients
$ act entity: pay the fee; wear a badge; sign the form; attend the meeting; use the elevator=use the lift; take the test; park here; bring a guest; get a discount; vote
- all
do all {thing} have to {act}?
must every one of the {thing} {act}?
is it required that all {thing} {act}?
- some
do only some {thing} have to {act}?
is it just part of the {thing} who must {act}?
- none
is it forbidden for {thing} to {act}?
are {thing} not allowed to {act}?
- may
may {thing} {act} if they want?
is it optional for {thing} to {act}?
- new
do new {thing} have to {act}?
must {thing} who just joined {act}?

@ compare_things kind=adjective sym
- cheaper
which is cheaper, a {product1} or a {product2}?
does a {product1} or a {product2} cost less?
- heavier
which is heavier, a {product1} or a {product2}?
does a {product1} or a {product2} weigh more?
- durable
which lasts longer, a {product1} or a {product2}?
what is more durable, a {product1} or a {product2}?
- gift
which is the better gift, a {product1} or a {product2}?
should I give a {product1} or a {product2} as a present?
"""
