"""English lexicons, manner and format requests. `grammar` says how the table is written."""

# ruff: noqa: E501
from halfpenny.semantic_cache.training.generators.surface import Manner

MACROS = {
    "HOWTO": "(how do I|how can I|how do you|how to|what is the way to|how would I|what should I do to|how does one|what do I need to do to)",
    "WHATIS": "(what is|what's|tell me|could you tell me|do you know|what would be)",
    "EXPLAIN": "(explain|describe|walk me through|help me understand|give me an explanation of|break down)",
    "WANTTO": "(I want to|I need to|I would like to|I am trying to|I have to|I'd love to|looking to)",
    "CANI": "(can I|is it possible to|am I able to|could I|is there a way for me to)",
    "WRITE": "(write|compose|draft|create|come up with|make|produce)",
    "GIVE": "(give me|show me|list|suggest|recommend|provide|I need|name)",
    "DONTKNOW": "(I have no idea|I don't know|not sure|I am unsure|wondering|I can't figure out)",
}

MANNER = Manner(
    before={
        "question": (
            "hi, ",
            "hello, ",
            "hey, ",
            "quick question: ",
            "sorry, ",
            "just wondering, ",
            "hi there, ",
            "ok so ",
            "please help: ",
            "um ",
            "question - ",
            "so ",
            "good morning, ",
            "dear assistant, ",
            "one more thing: ",
        ),
        "command": (
            "please ",
            "can you ",
            "could you ",
            "could you please ",
            "would you ",
            "I need you to ",
            "I want you to ",
            "hey, ",
            "go ahead and ",
            "pls ",
            "kindly ",
            "hi, ",
            "I'd like you to ",
            "can you please ",
        ),
        "keywords": ("", "", "help: ", "search ", "looking for: "),
        "statement": ("hi, ", "hello, ", "hey, ", "so ", "well, ", "ok, ", "good evening, ", "um, ", "sorry but "),
    },
    after={
        "question": (
            " please",
            " thanks",
            ", thanks",
            " thank you",
            ", any help?",
            ", anyone?",
            " exactly",
            ", please tell me",
            ", just curious",
        ),
        "command": (
            " please",
            ", please",
            ", thanks",
            " thanks",
            " thank you",
            " pls",
            " for me",
            " if you can",
            " when you can",
        ),
        "keywords": ("", "", " help", " please"),
        "statement": (", please help", ", thanks", ", any advice?", ", what should I do?", " help", ", can you help?"),
    },
    same=(
        ("what is", "what's"),
        ("do not", "don't"),
        ("does not", "doesn't"),
        ("cannot", "can't"),
        ("I am", "I'm"),
        ("is not", "isn't"),
        ("you", "u"),
        ("I have", "I've"),
        ("I would", "I'd"),
        ("how is", "how's"),
        ("where is", "where's"),
        ("and", "&"),
        ("without", "w/o"),
        ("need to", "have to"),
        ("want to", "wanna"),
        ("going to", "gonna"),
        ("for example", "e.g."),
        ("are not", "aren't"),
        ("it is", "it's"),
        ("people", "ppl"),
        ("with my", "w/ my"),
        ("will not", "won't"),
    ),
)

FORMATS = (
    ("",),
    ("in simple terms", "in plain English", "in simple words", "in easy language"),
    ("in one sentence", "in a single sentence"),
    ("in two sentences", "in 2 sentences"),
    ("with examples", "with some examples", "including examples"),
    ("in detail", "in depth", "in great detail"),
    ("as a table", "in a table", "in table form"),
    ("in 3 bullet points", "in three bullet points", "as three bullet points"),
    ("in 5 bullet points", "in five bullet points", "as five bullets"),
    ("step by step", "step-by-step", "one step at a time"),
    ("in French", "answer in French"),
    ("in Spanish", "answer in Spanish"),
    ("in German", "answer in German"),
    ("for a 5 year old", "for a five-year-old", "for a kid of five"),
    ("for an expert", "for a specialist", "at expert level"),
    ("in under 100 words", "in less than 100 words", "in fewer than one hundred words"),
    ("in 200 words", "in two hundred words", "using 200 words"),
    ("with sources", "with references", "and cite sources"),
    ("as a poem", "in the form of a poem"),
    ("as JSON", "in JSON format"),
    ("without examples", "no examples"),
    ("without using math", "no math", "without any math"),
)

WORDS = """
country entity: USA=the United States=the US=America; UK=the United Kingdom=Britain; France; Germany; Spain; Italy; Portugal; Netherlands=Holland; Belgium; Switzerland; Austria; Australia; Poland; Czechia=the Czech Republic; Slovakia; Slovenia; Hungary; Romania; Bulgaria; Greece; Turkey=Türkiye; Russia; Ukraine; Norway; Sweden; Denmark; Finland; Iceland; Ireland; Japan; China; South Korea; North Korea; India; Indonesia; Pakistan; Bangladesh; Thailand; Vietnam=Viet Nam; Cambodia; Laos; Malaysia; Singapore; Philippines=the Philippines; Nepal; Sri Lanka; Iran; Iraq; Israel; Jordan; Egypt; Morocco; Kenya; Nigeria; Niger; Ghana; South Africa; Ethiopia; Tanzania; Zambia; Mali; Malawi; Malta; Canada; Mexico; Brazil; Argentina; Chile; Peru; Colombia; Ecuador; Bolivia; Paraguay; Uruguay; Cuba; New Zealand=NZ; UAE=the United Arab Emirates=the Emirates; Saudi Arabia; Qatar; Mongolia
city entity: New York=NYC=New York City; Los Angeles=LA; San Francisco=SF; Chicago; Boston; Seattle; Miami; Dallas; Denver; Austin; Atlanta; Houston; Portland; Phoenix; Las Vegas=Vegas; Washington DC=DC; London; Paris; Berlin; Munich; Hamburg; Vienna; Prague; Budapest; Warsaw; Rome; Milan; Venice; Madrid; Barcelona; Lisbon; Amsterdam; Brussels; Zurich; Geneva; Copenhagen; Stockholm; Oslo; Helsinki; Dublin; Edinburgh; Manchester; Athens; Istanbul; Moscow; Cairo; Nairobi; Cape Town; Lagos; Dubai; Delhi; Mumbai=Bombay; Bangalore=Bengaluru; Tokyo; Osaka; Kyoto; Seoul; Busan; Beijing; Shanghai; Hong Kong; Taipei; Bangkok; Hanoi; Ho Chi Minh City=Saigon=HCMC; Jakarta; Manila; Sydney; Melbourne; Perth; Auckland; Toronto; Vancouver; Montreal; Mexico City; Lima; Bogota; Sao Paulo; Santiago
language entity: Spanish; French; German; Italian; Portuguese; Dutch; Polish; Russian; Turkish; Greek; Arabic; Hebrew; Hindi; Bengali; Chinese=Mandarin; Cantonese; Japanese; Korean; Vietnamese; Thai; Indonesian; Swahili; Swedish; Norwegian; Danish; Finnish; Hungarian; Romanian; Czech; Latin; Ukrainian; Tagalog
person entity: Anna; Ben; Carlos; Diana; Emma; Frank; Grace; Henry; Ivan; Julia; Kevin; Laura; Maria; Mario; Nina; Oscar; Paula; Paul; Robert=Bob; Sara; Tom; Victor; William=Bill; Jack; John; Joan; Alice; Lucy; Luke; Daniel; Danielle; Mike=Michael; Michelle; Chris; Kate=Katie; Sophie; Peter; Petra; Ahmed; Wei; Priya; Yuki; Elena; Adam
kin role: mother=mom=mum; father=dad; sister; brother; son; daughter; wife; husband; grandmother=grandma; grandfather=grandpa; aunt; uncle; cousin; niece; nephew; boss=manager; neighbor=neighbour; teacher; landlord; best friend; roommate=flatmate; mother-in-law; coworker=colleague; doctor; lawyer; boyfriend; girlfriend; accountant; dentist; babysitter=nanny; client=customer
animal entity: dog~dogs; cat~cats; rabbit=bunny~rabbits; hamster~hamsters; guinea pig~guinea pigs; parrot~parrots; goldfish~goldfish; turtle~turtles; tortoise~tortoises; horse~horses; cow~cows; goat~goats; sheep~sheep; pig~pigs; duck~ducks; chicken~chickens; ferret~ferrets; snake~snakes; gecko~geckos; mouse~mice; rat~rats; budgie~budgies; puppy~puppies; kitten~kittens; iguana~iguanas; hedgehog~hedgehogs; chinchilla~chinchillas
wild entity: elephant~elephants; lion~lions; tiger~tigers; leopard~leopards; cheetah~cheetahs; giraffe~giraffes; zebra~zebras; hippo=hippopotamus~hippos; rhino=rhinoceros~rhinos; gorilla~gorillas; chimpanzee=chimp~chimpanzees; koala~koalas; kangaroo~kangaroos; panda~pandas; polar bear~polar bears; brown bear~brown bears; wolf~wolves; fox~foxes; owl~owls; eagle~eagles; penguin~penguins; dolphin~dolphins; whale~whales; shark~sharks; octopus~octopuses; squid~squids; crocodile~crocodiles; alligator~alligators; bat~bats; bee~bees; wasp~wasps; ant~ants; butterfly~butterflies; moth~moths; frog~frogs; toad~toads; seal~seals; sea lion~sea lions; hummingbird~hummingbirds; snail~snails; camel~camels; llama~llamas
food entity: rice; brown rice; pasta; quinoa; lentils; chickpeas; potatoes; sweet potatoes; broccoli; spinach; asparagus; corn; carrots; mushrooms; eggplant=aubergine; zucchini=courgette; cauliflower; green beans; beef; pork; chicken; chicken breast; turkey; lamb; salmon; tuna; cod; shrimp=prawns; tofu; bacon; sausage; ham; eggs; bread; oatmeal; couscous; cabbage; beets=beetroot; pumpkin; peas
dish entity: pancakes; waffles; omelette=omelet; lasagna; carbonara; bolognese; risotto; paella; tacos; burritos; guacamole; hummus; falafel; fried rice; ramen; pho; sushi; curry; butter chicken; tikka masala; pad thai; spring rolls; dumplings; pizza; burgers=hamburgers; meatballs; meatloaf; banana bread; brownies; cheesecake; carrot cake; apple pie; tiramisu; scones; muffins; sourdough bread; focaccia; chili; goulash; gazpacho; tomato soup; chicken soup; mashed potatoes; coleslaw; Caesar salad; French toast
ingredient entity: butter; eggs; milk; buttermilk; heavy cream; sour cream; yogurt; baking powder; baking soda; cornstarch=cornflour; all-purpose flour=plain flour; almond flour; sugar; brown sugar; powdered sugar=icing sugar; honey; maple syrup; vanilla extract; olive oil; vegetable oil; coconut milk; soy sauce; fish sauce; lemon juice; lime juice; vinegar; garlic; onion; ginger; cilantro=coriander; parsley; basil; oregano; cumin; paprika; gelatin; yeast; cream cheese; parmesan; white wine
plant entity: tomatoes; potatoes; basil; mint; roses; orchids; tulips; lavender; cucumbers; peppers; strawberries; blueberries; lettuce; carrots; sunflowers; aloe vera; cactus=cacti; snake plant; monstera; peace lily; hydrangeas; garlic; onions; beans; corn; lemon tree; apple tree; avocado tree; bonsai; ferns; succulents; pothos
drug entity: ibuprofen=Advil; paracetamol=acetaminophen=Tylenol; aspirin; naproxen; amoxicillin; metformin; omeprazole; lisinopril; atorvastatin; amlodipine; prednisone; cetirizine; loratadine; melatonin; vitamin D; vitamin C; vitamin B12; iron tablets=iron pills; magnesium; zinc; antibiotics; warfarin; insulin; levothyroxine; sertraline; fluoxetine; diphenhydramine=Benadryl; pseudoephedrine; codeine; tramadol; losartan; gabapentin; statins; birth control pills=the pill
symptom entity: headache; migraine; fever; sore throat; cough; dry cough; runny nose; stuffy nose=blocked nose; earache; toothache; stomach ache=stomachache; back pain=backache; neck pain; knee pain; chest pain; nausea; vomiting; diarrhea=diarrhoea; constipation; heartburn; dizziness; fatigue=tiredness; insomnia; rash; itchy skin; hives; acne; sunburn; swollen ankles; muscle cramps; hiccups; dry eyes; shortness of breath; night sweats; hair loss
disease entity: diabetes; type 1 diabetes; type 2 diabetes; asthma; high blood pressure=hypertension; low blood pressure=hypotension; anemia=anaemia; pneumonia; bronchitis; tuberculosis=TB; malaria; dengue=dengue fever; flu=influenza; common cold; COVID-19=covid; measles; mumps; chickenpox; shingles; hepatitis A; hepatitis B; hepatitis C; HIV; arthritis; osteoporosis; gout; lupus; Parkinson's disease=Parkinson's; Alzheimer's disease=Alzheimer's; epilepsy; depression; anxiety; ADHD; autism; eczema; psoriasis; appendicitis; kidney stones; gallstones; celiac disease; glaucoma; cataracts; hypothyroidism; hyperthyroidism
proglang scope: Python; Java; JavaScript=JS; TypeScript=TS; C; C++=cpp; C#=C sharp; Go=Golang; Rust; Ruby; PHP; Swift; Kotlin; R; Scala; Perl; Bash; Haskell; Lua; Dart; Julia; MATLAB; PowerShell; Elixir
framework entity: React; Vue; Angular; Svelte; Next.js; Django; Flask; FastAPI; Spring Boot; Rails=Ruby on Rails; Laravel; Express; Flutter; React Native; pandas; NumPy; TensorFlow; PyTorch; Docker; Kubernetes=k8s; Terraform; Ansible; Redis; Kafka; RabbitMQ; GraphQL; nginx; Webpack; Tailwind; jQuery; Celery; SQLAlchemy
database entity: PostgreSQL=Postgres; MySQL; SQLite; SQL Server=MSSQL; Oracle; MongoDB=Mongo; MariaDB; BigQuery; Snowflake; DynamoDB; Cassandra; Redshift
os scope: Windows; Windows 10; Windows 11; macOS=Mac; Linux; Ubuntu; Debian; Fedora; iPhone; iPad; Android; Chromebook; Raspberry Pi
browser scope: Chrome=Google Chrome; Firefox; Safari; Edge=Microsoft Edge; Opera; Brave
datatype entity: list~lists; string~strings; dictionary=dict~dictionaries; array~arrays; set~sets; tuple~tuples; JSON file~JSON files; CSV file~CSV files; integer=int~integers; float~floats; date~dates; boolean~booleans; linked list~linked lists; hash map=hashmap~hash maps; queue~queues; stack~stacks; matrix~matrices
algo entity: binary search; bubble sort; merge sort; quicksort; heap sort; insertion sort; depth-first search=DFS; breadth-first search=BFS; Dijkstra's algorithm; A* search; the Fibonacci sequence=Fibonacci numbers; factorial; a palindrome check; prime number check; the sieve of Eratosthenes; two sum; FizzBuzz; the Levenshtein distance=edit distance; matrix multiplication; k-means; linear regression; a linked list reversal; the tower of Hanoi; topological sort
concept entity: recursion; polymorphism; inheritance; encapsulation; closures; garbage collection; dependency injection; multithreading; concurrency; parallelism; deadlocks; race conditions; caching; load balancing; sharding; replication; hashing; encryption; TCP; UDP; DNS; HTTP; HTTPS; OAuth; JWT; REST; WebSockets; microservices; continuous integration=CI; unit testing; integration testing; big O notation; blockchain; machine learning; deep learning; gradient descent; overfitting; underfitting; backpropagation; transformers; attention; virtual memory; paging; mutexes; semaphores
science entity: photosynthesis; gravity; osmosis; diffusion; evaporation; condensation; mitosis; meiosis; natural selection; plate tectonics; the water cycle; the carbon cycle; nuclear fission; nuclear fusion; radioactivity; electromagnetism; magnetism; quantum entanglement; special relativity; general relativity; black holes; dark matter; dark energy; the big bang; entropy; the greenhouse effect; climate change; acid rain; the ozone layer; tides; eclipses; vaccines; DNA; RNA; protein synthesis; the immune system; the nervous system; the digestive system; blood clotting; hormones; enzymes; antibiotic resistance; lightning; earthquakes; volcanoes; tornadoes; hurricanes
econ entity: inflation; deflation; recession; GDP=gross domestic product; interest rates; supply and demand; opportunity cost; compound interest; simple interest; a stock; a bond; an ETF; a mutual fund; an index fund; a mortgage; a credit score; a 401k; a Roth IRA; capital gains tax; income tax; sales tax=VAT; property tax; quantitative easing; a budget deficit; national debt; a monopoly; an oligopoly; a tariff; an annuity; bankruptcy; a hedge fund; short selling; dollar cost averaging; market cap=market capitalization
historic entity: World War I=WWI=the First World War; World War II=WW2=the Second World War; the American Civil War; the American Revolution; the French Revolution; the Russian Revolution; the Industrial Revolution; the Cold War; the Vietnam War; the Korean War; the Gulf War; the Renaissance; the Reformation; the Crusades; the Black Death; the Great Depression; the Fall of Rome; the fall of the Berlin Wall; the Cuban Missile Crisis; the Boston Tea Party; the Hundred Years' War; the Thirty Years' War; the Opium Wars; the Spanish Civil War; the moon landing; Prohibition; the partition of India; the Meiji Restoration
famous entity: Albert Einstein=Einstein; Isaac Newton=Newton; Marie Curie; Charles Darwin=Darwin; Galileo; Nikola Tesla; Thomas Edison; Leonardo da Vinci=da Vinci; Michelangelo; Picasso; Van Gogh; Monet; Mozart; Beethoven; Bach; Shakespeare; Jane Austen; Charles Dickens; Mark Twain; Hemingway; Tolstoy; Dostoevsky; Napoleon; Julius Caesar; Cleopatra; Alexander the Great; Genghis Khan; Gandhi=Mahatma Gandhi; Nelson Mandela=Mandela; Martin Luther King=MLK; Abraham Lincoln=Lincoln; George Washington; Winston Churchill=Churchill; Queen Victoria; Ho Chi Minh; Steve Jobs; Bill Gates; Elon Musk; Warren Buffett; Muhammad Ali; Pele; Aristotle; Plato; Socrates; Confucius; Kant; Nietzsche; Freud
book entity: Hamlet; Macbeth; Romeo and Juliet; King Lear; Othello; 1984; Animal Farm; Brave New World; Fahrenheit 451; The Great Gatsby; To Kill a Mockingbird; Pride and Prejudice; Emma; Jane Eyre; Wuthering Heights; Great Expectations; Oliver Twist; Moby Dick; Frankenstein; Dracula; The Odyssey; The Iliad; Don Quixote; War and Peace; Anna Karenina; Crime and Punishment; The Hobbit; The Lord of the Rings=LOTR; Dune; The Catcher in the Rye; Lord of the Flies; The Alchemist; The Little Prince; Les Miserables; The Stranger; Beloved
movie entity: Titanic; Avatar; Inception; Interstellar; The Matrix; Gladiator; The Godfather; Pulp Fiction; Forrest Gump; Jaws; Jurassic Park; Star Wars; Toy Story; The Lion King; Frozen; Shrek; Up; Coco; Parasite; Oldboy; Casablanca; Psycho; Vertigo; Alien; Aliens; Terminator; Rocky; Fight Club; Memento; Get Out; Oppenheimer; Barbie; Joker; Dunkirk; Whiplash; La La Land; Spirited Away; Amelie; Heat; Se7en=Seven
sport entity: soccer=association football; basketball; tennis; volleyball; baseball; cricket; rugby; golf; hockey=ice hockey; field hockey; badminton; table tennis=ping pong; swimming; boxing; wrestling; fencing; archery; cycling; rowing; sailing; skiing; snowboarding; figure skating; gymnastics; judo; karate; taekwondo; handball; water polo; surfing; American football; darts; snooker; squash
instrument entity: guitar; bass guitar; piano; violin; viola; cello; flute; clarinet; saxophone=sax; trumpet; trombone; drums; harp; ukulele; banjo; accordion; harmonica; oboe; mandolin
genre entity: jazz; rock; classic rock; pop; hip hop=hip-hop; rap; classical; country; blues; reggae; metal=heavy metal; techno; house; folk; soul; disco; punk; lo-fi=lofi; salsa; R&B; indie; opera; gospel; K-pop=kpop; ambient
room entity: living room=lounge; kitchen; bedroom; bathroom; hallway; garage; office; basement; attic; dining room; kids room=children's room; guest room; porch; garden; laundry room
device entity: lights=lamps; heater; air conditioner=AC=aircon; fan; TV=television; coffee maker=coffee machine; robot vacuum; humidifier; dehumidifier; speaker; dishwasher; washing machine; blinds; ceiling fan; oven; air purifier; alarm system; sprinkler
gadget entity: laptop; phone=cell phone; tablet; printer; router; headphones; keyboard; monitor; camera; smartwatch; external hard drive; webcam; microphone; gaming console; e-reader; speaker; scanner; projector; mouse; graphics card=GPU; power bank
appliance entity: dishwasher; washing machine; dryer=tumble dryer; refrigerator=fridge; freezer; oven; microwave; toaster; blender; kettle; vacuum cleaner=hoover; air fryer; rice cooker; coffee machine; toilet; kitchen sink; shower drain; garbage disposal; water heater=boiler; radiator
product entity: jacket; dress; shoes; sneakers=trainers; jeans; backpack; sofa=couch; mattress; desk; office chair; lamp; blender; toaster; laptop; tablet; headphones; watch; sunglasses; perfume; suitcase; bicycle=bike; stroller; car seat; tent; sleeping bag; coffee grinder; skateboard; guitar; rug; bookshelf
color entity: red; blue; green; yellow; orange; purple; pink; black; white; gray=grey; brown; gold; silver; beige; turquoise; navy; maroon
weekday time: Monday=Mon; Tuesday=Tues; Wednesday=Wed; Thursday=Thurs; Friday=Fri; Saturday=Sat; Sunday=Sun
month time: January=Jan; February=Feb; March; April; May; June; July; August=Aug; September=Sept; October=Oct; November=Nov; December=Dec
season time: spring; summer; autumn=fall; winter
daypart time: today; tomorrow; tonight; this weekend; next week; this afternoon; tomorrow morning; next month; this evening; the day after tomorrow
century time: 15th century=fifteenth century; 16th century=sixteenth century; 17th century=seventeenth century; 18th century=eighteenth century; 19th century=nineteenth century; 20th century=twentieth century
currency unit: US dollars=USD=US dollar; euros=EUR=euro; British pounds=GBP=pounds sterling; yen=JPY=Japanese yen; yuan=CNY=Chinese yuan; won=KRW=Korean won; rupees=INR=Indian rupees; Swiss francs=CHF; Australian dollars=AUD; Canadian dollars=CAD; Mexican pesos=MXN; dong=VND=Vietnamese dong; baht=THB=Thai baht; rubles=RUB=Russian rubles; Brazilian reais=BRL; zloty=PLN; Swedish krona=SEK; Danish krone=DKK
length unit: meters=metres=m; kilometers=kilometres=km; centimeters=centimetres=cm; millimeters=mm=millimetres; miles=mi; feet=ft; inches=in; yards=yd; nautical miles
weight unit: kilograms=kg=kilos; grams=g; pounds=lbs=lb; ounces=oz; tons=tonnes; milligrams=mg; stone
volume unit: liters=litres=L; milliliters=ml=millilitres; gallons=gal; cups; tablespoons=tbsp; teaspoons=tsp; pints; quarts; fluid ounces=fl oz
phrase entity: good morning; good night; good evening; thank you; you're welcome; excuse me; I'm sorry; I love you; I miss you; happy birthday; merry Christmas; happy new year; congratulations; good luck; see you tomorrow; see you later; how are you; where is the bathroom; how much does this cost; the bill please; I am allergic to peanuts; I don't understand; do you speak English; nice to meet you; I need a doctor; call the police; I am lost; one beer please; water without ice; have a nice day; where is the train station; can I pay by card; I'm hungry; I'm thirsty; be careful; cheers
emotion entity: happy; sad; angry; tired; beautiful; ugly; big; small; important; difficult; easy; smart; fast; slow; brave; kind; rich; poor; strong; weak; strange; interesting; boring; cheap; expensive; quiet; loud; good; bad; old; new
word entity: ubiquitous; ephemeral; serendipity; pragmatic; empirical; benevolent; malevolent; ambiguous; ambivalent; candid; concise; diligent; eloquent; futile; gregarious; hypocrite; imminent; eminent; meticulous; nostalgia; obsolete; paradox; resilient; redundant; skeptical; tenacious; verbose; whimsical; affect; effect; principal; principle; complement; compliment; discreet; discrete; stationary; stationery; elicit; illicit; adverse; averse
material entity: cotton; wool; silk; leather; suede; denim; linen; polyester; wood; carpet; granite; marble; stainless steel; cast iron; glass; plastic; velvet; concrete
stain entity: red wine; coffee; blood; grass; ink; oil; grease; ketchup; chocolate; sweat; wax; mustard; nail polish; rust; tea; curry; makeup; gum=chewing gum
planet entity: Mercury; Venus; Earth; Mars; Jupiter; Saturn; Uranus; Neptune; Pluto; the Moon; the Sun
element entity: hydrogen; helium; carbon; nitrogen; oxygen; sodium; magnesium; aluminum=aluminium; silicon; phosphorus; sulfur=sulphur; chlorine; potassium; calcium; iron; copper; zinc; silver; gold; mercury; lead; tin; uranium; nickel; platinum; neon; argon; iodine; titanium; lithium
metal entity: gold; silver; copper; iron; steel; aluminum=aluminium; lead; tin; zinc; nickel; titanium; brass; bronze; platinum
company entity: Apple; Google; Amazon; Microsoft; Netflix; Meta=Facebook; Tesla; Nvidia; Intel; AMD; IBM; Oracle; Samsung; Sony; Nike; Adidas; Starbucks; McDonald's; Coca-Cola=Coke; Pepsi; Walmart; Costco; Disney; Boeing; Airbus; Toyota; Honda; Ford; BMW; Uber; Airbnb; Spotify
account entity: savings account; checking account=current account; business account; joint account; student account; brokerage account; credit card; debit card; prepaid card
service entity: Netflix; Spotify; Amazon Prime=Prime; YouTube Premium; Disney+=Disney Plus; Hulu; Dropbox; iCloud; Gmail; Outlook; Instagram=Insta; Facebook=FB; Twitter; TikTok; LinkedIn; WhatsApp; Telegram; Discord; Slack; Zoom; PayPal; Venmo; Uber; Airbnb; eBay; Etsy; Steam; Xbox Live; GitHub; Reddit; Pinterest; Snapchat
game entity: chess; checkers=draughts; poker; blackjack; Monopoly; Scrabble; Catan; Uno; backgammon; bridge; rummy; dominoes; Go; mahjong; Risk; Clue=Cluedo; solitaire; hearts; spades; Jenga
subject entity: math=maths=mathematics; physics; chemistry; biology; history; geography; economics; English literature; philosophy; psychology; computer science; statistics; music; art; calculus; algebra; geometry; accounting; law; nursing
job entity: software engineer=software developer; nurse; teacher; accountant; data scientist; data analyst; graphic designer; electrician; plumber; chef; lawyer; paralegal; pharmacist; dentist; pilot; flight attendant; police officer; firefighter; project manager; product manager; receptionist; cashier; truck driver; welder; architect; civil engineer; mechanical engineer; UX designer; waiter; marketing manager; sales manager; librarian; journalist; translator
exercise entity: push-ups=pushups; pull-ups=pullups; squats; lunges; planks; deadlifts; bench press; burpees; sit-ups=situps; jumping jacks; leg press; bicep curls; running; swimming; cycling; jump rope=skipping rope; yoga; Pilates
festival entity: Christmas=Xmas; Easter; Halloween; Thanksgiving; Diwali; Ramadan; Eid; Hanukkah; Lunar New Year=Chinese New Year; Valentine's Day; Mother's Day; Father's Day; Independence Day; Labor Day; Memorial Day; St. Patrick's Day; Oktoberfest; Holi; Passover
vehicle entity: car; motorcycle=motorbike; truck; van; SUV; electric car=EV; boat; scooter; bicycle=bike; RV=motorhome; bus; trailer
carpart entity: oil; oil filter; air filter; brake pads; battery; spark plugs; tire=tyre; headlight; windshield wipers; timing belt; alternator; coolant; transmission fluid; brake fluid; radiator; starter
doc entity: passport; driver's license=driving licence; ID card; birth certificate; visa; work permit; marriage certificate; green card; residence permit; social security card; vehicle registration; voter card
event entity: wedding; funeral; birthday party; job interview; graduation; baby shower; business meeting; first date; concert; conference; housewarming; retirement party; anniversary; picnic; camping trip
app entity: Excel; Word; PowerPoint; Google Sheets; Google Docs; Photoshop; Illustrator; Premiere Pro; Blender; Notion; VS Code=Visual Studio Code; PyCharm; Vim; Emacs; Jira; Trello; Figma; Canva; Outlook; Teams=Microsoft Teams
error entity: null pointer exception=NullPointerException; index out of range; segmentation fault=segfault; stack overflow; out of memory; permission denied; connection refused; module not found; key error=KeyError; type error=TypeError; syntax error; 404 not found=404 error; 500 internal server error=500 error; 403 forbidden=403 error; 502 bad gateway=502 error; timeout; merge conflict; certificate expired; CORS error; deadlock; division by zero; undefined variable
listitem entity: milk; eggs; bread; butter; cheese; apples; bananas; tomatoes; onions; rice; pasta; chicken; coffee; tea; sugar; salt; toilet paper; paper towels; shampoo; toothpaste; batteries; dog food; cat food; diapers=nappies; olive oil; flour; orange juice; cereal; ice cream; dish soap=washing-up liquid
chore entity: call the dentist=phone the dentist; pay the rent; water the plants; take out the trash=take out the garbage; pick up the kids=collect the kids; feed the cat; walk the dog; buy groceries=get groceries; take my medicine=take my meds; do the laundry; call the bank=phone the bank; renew my passport; book a flight; submit the report; clean the kitchen; charge my phone; return the library books; cancel the gym; buy a present=buy a gift; pick up the dry cleaning; send the invoice; back up my laptop
artist entity: the Beatles; Queen; Adele; Drake; Rihanna; Beyonce; Coldplay; Metallica; Nirvana; Radiohead; Taylor Swift; Ed Sheeran; Eminem; Bob Dylan; Bob Marley; Pink Floyd; Led Zeppelin; ABBA; Miles Davis; John Coltrane; Madonna; Prince; Elton John; David Bowie; U2; Oasis; Blur; BTS; Daft Punk; Bruno Mars; Lady Gaga; Billie Eilish
meal entity: breakfast; lunch; dinner=supper; brunch; dessert; snack
diet constraint: vegan; vegetarian; gluten-free=gluten free; keto=ketogenic; low-carb=low carb; dairy-free=dairy free; halal; kosher; paleo; low-sodium=low sodium; nut-free=nut free; high-protein=high protein; sugar-free=sugar free
bird entity: robin; sparrow; crow; raven; pigeon; dove; swan; goose; heron; stork; woodpecker; kingfisher; finch; canary
landmark entity: the Eiffel Tower; the Colosseum; Big Ben; the Statue of Liberty; the Taj Mahal; Machu Picchu; the Great Wall of China=the Great Wall; the Pyramids of Giza=the pyramids; the Golden Gate Bridge; the Brooklyn Bridge; the Sydney Opera House; the Sagrada Familia; the Acropolis; Stonehenge; Mount Everest=Everest; Mount Fuji; Kilimanjaro=Mount Kilimanjaro; Niagara Falls; Victoria Falls; the Grand Canyon; the Burj Khalifa; the Empire State Building; the Louvre; Angkor Wat; Petra; the Leaning Tower of Pisa; Christ the Redeemer; Mount Rushmore; the Kremlin; Notre-Dame
river entity: Nile; Amazon River; Mississippi; Danube; Rhine; Thames; Seine; Volga; Ganges; Mekong; Yangtze; Congo River; Zambezi; Missouri; Colorado River; Tigris; Euphrates; Rhone; Elbe; Po
shape entity: circle; triangle; square; rectangle; trapezoid=trapezium; parallelogram; rhombus; ellipse; hexagon; pentagon; octagon; sphere; cube; cylinder; cone; pyramid; torus; sector
holidaything entity: beach; hiking; skiing; museum; nightlife; food; shopping; family; honeymoon; diving; wildlife; wine
"""
