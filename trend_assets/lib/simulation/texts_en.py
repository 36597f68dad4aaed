"""English words of everyday chatter.

What belongs here: openers, closers and one grammar per everyday topic, all written for this project. What doesn't:
planted trends (``planted_*.py``), French (``texts_fr.py``), how sentences are made (``grammar.py``).
"""

from __future__ import annotations

# Lists of words are read, not scrolled.
# fmt: off

SHARED: dict[str, tuple[str, ...]] = {
    "opener": (
        "", "", "", "", "", "", "", "", "ok but ", "honestly ", "not me ", "ngl ", "so ", "right, ", "update: ",
        "friendly reminder that ", "i swear ", "lowkey ", "hear me out: ", "unpopular opinion: ", "is it just me or ",
        "today in my life: ", "lads, ", "well, ", "can confirm ", "no thoughts just ", "genuinely ", "me: ", "mood: ", "small win: ",
        "psa: ", "every single time ", "yet again ", "apparently ", "oh good, ", "turns out ", "somehow ",
    ),
    "closer": (
        "", "", "", "", "", "", "", "", "", ", help", " lol", ", send help", " and i'm fine with it", ", anyway", ". what a day",
        " haha", ", no notes", ". that's the post", " tbh", ", i can't", ". wish me luck", " again", ", as one does",
        ". not even sorry", ", make it make sense", ". never again", " and honestly same", ", love that for me", ". rude", " i guess",
        ". anyone else?", ", thoughts?", " fr", ". back to it then",
    ),
    "when": (
        "this morning", "tonight", "today", "right now", "since 6am", "all week", "on a {weekday}", "before work", "after work",
        "at midnight", "again today", "earlier",
    ),
    "weekday": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "person": (
        "my mum", "my dad", "my sister", "my brother", "my boss", "my flatmate", "my neighbour", "the kids", "my partner",
        "my best mate", "my nan", "a colleague", "the guy next to me", "my cousin", "the whole office", "my landlord",
        "a complete stranger", "my daughter", "my son", "my aunt",
    ),
    "good": (
        "great", "brilliant", "lovely", "perfect", "so good", "unreal", "gorgeous", "elite", "class", "a delight",
        "better than expected", "exactly what i needed", "magic",
    ),
    "bad": (
        "awful", "a nightmare", "grim", "a disgrace", "tragic", "the worst", "painful", "a joke", "beyond me", "chaos", "not it",
        "a shambles", "exhausting",
    ),
    "feeling": (
        "tired", "happy", "done", "over it", "excited", "weirdly calm", "hungry", "proud", "confused", "nostalgic", "stressed",
        "grateful", "bored", "cosy",
    ),
    "number": ("two", "three", "four", "five", "six", "seven", "ten", "twelve", "forty", "a hundred"),
    "town": (
        "London", "Manchester", "Leeds", "Edinburgh", "Glasgow", "Bristol", "Cardiff", "Brighton", "York", "Dublin", "Liverpool",
        "Sheffield", "Norwich", "Bath", "Newcastle", "Oxford", "Exeter", "Boston", "Chicago", "Portland", "Austin", "Philly",
    ),
    "reply_open": (
        "", "", "", "haha ", "omg ", "ok ", "wait ", "no but ", "yes!! ", "honestly ", "aw ", "sorry but ", "mate ", "ngl ", "lol ",
    ),
    "reply": (
        "{reply_open}same here", "{reply_open}this is so true", "{reply_open}couldn't agree more",
        "{reply_open}not sure about that one", "{reply_open}you always say that", "{reply_open}how did it go?",
        "{reply_open}i was thinking this {when}", "{reply_open}tell {person}", "{reply_open}that's {good}", "{reply_open}that's {bad}",
        "{reply_open}{person} said the exact same thing {when}", "{reply_open}i needed to hear that {when}",
        "{reply_open}where was this?", "{reply_open}feeling {feeling} just reading it", "{reply_open}happened to me in {town} {when}",
        "{reply_open}give it {number} days", "{reply_open}{number} times now for me", "{reply_open}can't believe it",
        "{reply_open}proud of you", "{reply_open}sounds {good} to me", "{reply_open}it's been {bad} here too",
        "{reply_open}who told you", "{reply_open}dm me", "{reply_open}thank you, this made my {weekday}",
    ),
    "quote": (
        "this. all of this", "saving this for {weekday}", "{person} needs to see this", "read this and felt {feeling}",
        "can't stop thinking about it {when}", "exactly what {person} told me", "not wrong", "and people still argue about it",
        "the replies are {good}", "the replies are {bad}", "sending to {person} {when}", "day made", "me in {number} words",
        "how is this {bad} and {good} at once",
    ),
}

CHATTER: dict[str, dict[str, tuple[str, ...]]] = {
    "coffee": {
        "core": (
            "the first {drink} of the day is {good}", "{number} {drink}s in and still {feeling}",
            "{person} made me {drink} {when} and it was {good}", "no talking before {drink}", "queue at the {cafe} is {bad} {when}",
            "who put oat milk in my {drink}", "{drink} at the {cafe} in {town} is {good}", "spilled {drink} all over {spilled} {when}",
            "is it too late for a {drink}", "the {cafe} got my name wrong and wrote {wrong}",
        ),
        "drink": (
            "coffee", "flat white", "espresso", "latte", "filter coffee", "cappuccino", "iced latte", "cortado", "tea",
            "builder's tea", "mocha",
        ),
        "cafe": (
            "corner cafe", "station kiosk", "bakery", "new place downstairs", "office machine", "drive-through", "campus bar",
            "museum cafe",
        ),
        "spilled": ("my laptop", "my notes", "the desk", "the dog", "my homework", "the spreadsheet", "everything i own"),
        "wrong": ("Gregory", "Brenda", "just a question mark", "Elvis", "Tabitha", "Mr Fox", "Kevin"),
    },
    "weather": {
        "core": (
            "{sky} in {town} {when}", "forecast said sun, we got {sky}", "{number} degrees and {person} has the heating on",
            "it's {sky} and i forgot my {rainthing}", "can it stop with the {sky} already", "sunrise over {town} was {good} {when}",
            "{sky} {when}, {sky} an hour later", "walked home in {sky}, feeling {feeling}", "smells like {season} {when}",
        ),
        "sky": (
            "drizzle", "rain", "fog", "wind", "sunshine", "hail", "grey skies", "blue skies", "thunder", "mist", "sideways rain",
            "a heatwave", "proper cold",
        ),
        "rainthing": ("umbrella", "hood", "sunglasses", "spare socks", "keys as well"),
        "season": ("autumn", "summer still", "winter", "wet leaves", "bonfires"),
    },
    "commute": {
        "core": (
            "the {train} is {delayed} {when}", "{delayed} at {town} station, cheers", "someone is {annoying} on the {train}",
            "missed the {train} by {number} seconds", "got a seat on the {train}, {good}", "bus replacement {when}, feeling {feeling}",
            "{number} minutes to go {number} miles", "cycled to work {when}, {good}", "traffic on the ring road is {bad}",
            "my commute now features {person} {annoying}",
        ),
        "train": ("7:42", "bus", "tram", "tube", "train", "last train", "night bus", "replacement bus", "ferry"),
        "delayed": (
            "delayed", "cancelled", "stuck outside the station", "on time for once", "full", "running on vibes",
            "held at a red signal",
        ),
        "annoying": (
            "eating egg sandwiches", "playing videos out loud", "clipping their nails", "singing", "on a conference call", "snoring",
            "doing a crossword aloud",
        ),
    },
    "lunch": {
        "core": (
            "{food} for lunch {when}, {good}", "meal deal review: {food}, {good}", "{person} stole my {food} from the fridge",
            "why is {food} {number} quid now", "leftover {food} hits different {when}", "forgot my {food} on the train, {bad}",
            "the canteen does {food} on a {weekday} and it's {bad}", "lunch break walk and {food}, {good}", "desk lunch: sad {food}",
        ),
        "food": (
            "cheese toastie", "falafel wrap", "leek soup", "ramen", "jacket potato", "tuna sandwich", "salad", "leftover curry",
            "pasta pot", "sushi", "burrito", "chips", "cold pizza",
        ),
    },
    "cooking": {
        "core": (
            "made {dish} {when} and it was {good}", "burnt the {dish} {when}, feeling {feeling}",
            "{person} asked for my {dish} recipe", "secret to a good {dish} is {secret}", "{dish} on the hob, radio on, {good}",
            "who has a decent {dish} recipe", "tried {dish} with {secret}: {good}",
            "{number} hours for {dish} and it's gone in {number} minutes", "sunday {dish} with {person}",
            "{dish} night at {person}'s place",
        ),
        "dish": (
            "lasagne", "roast chicken", "dal", "risotto", "banana bread", "shepherd's pie", "tomato sauce", "pancakes", "stir fry",
            "chilli", "apple crumble", "stew", "gnocchi", "fish pie",
        ),
        "secret": (
            "more butter", "patience", "anchovies", "a pinch of sugar", "smoked paprika", "low heat", "lemon zest", "the good salt",
            "an extra egg",
        ),
    },
    "football": {
        "core": (
            "{player} was {good} {when}", "how did {club} miss that", "{club} {score} {club}, {bad}",
            "ref in the {club} game is {bad}", "{player} has to start on {weekday}", "{number} corners and not one shot from {club}",
            "season ticket row {number}, view is {good}", "transfer rumours about {player} again", "{club} away is always {bad}",
            "five a side {when} and my knees are {bad}", "put {player} on the bench already",
        ),
        "club": (
            "the Rovers", "United", "Athletic", "the Wanderers", "County", "Harbour FC", "Albion", "the Foxes", "Northgate",
            "Riverside",
        ),
        "player": (
            "our number nine", "Okafor", "the keeper", "Lindqvist", "Baptiste", "young Tremayne", "the captain", "Duarte",
            "the new left back", "Mensah",
        ),
        "score": ("1-0", "2-2", "3-1", "0-0", "4-3", "2-1", "5-0"),
    },
    "series": {
        "core": (
            "episode {number} of {show} broke me", "started {show} {when}, no spoilers", "{person} fell asleep during {show} again",
            "{show} season {number} is {good}", "the ending of {show} was {bad}", "watching {show} with {person} {when}",
            "is {show} worth it", "need someone to talk to about {show}", "the soundtrack of {show} is {good}",
            "{number} episodes of {show} in one go, feeling {feeling}",
        ),
        "show": (
            "Glass Harbour", "The Late Tenants", "Quiet Division", "Ashdown", "Signal Hill", "Second Kitchen", "The Cartographers",
            "Low Tide", "Our Ordinary Crimes", "North of Nowhere",
        ),
    },
    "music": {
        "core": (
            "{band} on repeat {when}", "the new {band} single is {good}", "tickets for {band} in {town} sold out in {number} minutes",
            "{person} discovered {band} and won't stop", "that {band} bassline is {good}", "gig in {town} {when}: {band}, {good}",
            "vinyl of {band} arrived", "practised {instrument} {when}, neighbours feeling {feeling}",
            "karaoke with {person}: {band}, {bad}",
        ),
        "band": (
            "Paper Lanterns", "The Slow Ferry", "Ivy Motel", "Kite Season", "Hollow Coast", "Nina Aldous", "The Understudies",
            "Radio Moss", "Bluebell Riot", "Marlow & the Tide",
        ),
        "instrument": ("guitar", "piano", "drums", "the cello", "trumpet", "scales"),
    },
    "work": {
        "core": (
            "meeting {when} that could have been an email", "{person} replied all {when}, {bad}",
            "deadline on {weekday}, feeling {feeling}", "spreadsheet crashed {number} times {when}", "new job starts on {weekday}",
            "out of office on, {good}", "{person} microwaved fish at work, {bad}", "called {number} meetings and cancelled {number}",
            "printer is {bad} {when}", "payday is {good}", "working from home with {person} is {bad}",
        ),
    },
    "sleep": {
        "core": (
            "awake at {number} o'clock thinking about {worry}", "slept {number} hours, feeling {feeling}",
            "early night {when}, {good}", "the neighbour's {noise} {when} is {bad}", "napped {when} and woke up in another century",
            "insomnia topics: {worry}, {worry}", "{person} snores like a tractor", "alarm went off {number} times",
            "fell asleep at {number} and dreamed of {worry}",
        ),
        "worry": (
            "that thing i said in 2009", "tax returns", "whether fish sleep", "my old maths teacher", "the oven", "that email",
            "parallel parking", "the multiverse", "a song i can't name",
        ),
        "noise": ("drill", "dog", "saxophone", "car alarm", "wind chimes", "washing machine", "argument"),
    },
    "pets": {
        "core": (
            "the {pet} stole {loot} {when}", "vet says the {pet} is {good}", "my {pet} is staring at {person}, {good}",
            "took the {pet} to the park {when}", "the {pet} ate {loot}, {bad}", "{pet} tax: see below",
            "adopted a {pet} in {town}, feeling {feeling}", "the {pet} woke me up at {number}",
            "{person} taught the {pet} to open the fridge", "{number} years with this {pet}",
        ),
        "pet": ("cat", "dog", "puppy", "kitten", "rabbit", "hamster", "parrot", "tortoise", "labrador", "greyhound", "old cat"),
        "loot": (
            "a whole chicken", "my left sock", "the remote", "someone's picnic", "half a baguette", "the butter", "a library card",
            "my charger",
        ),
    },
    "gym": {
        "core": (
            "ran {number} k {when}, feeling {feeling}", "{exercise} {when} and i can't move",
            "gym at {number} in the morning is {good}", "{person} dragged me to {exercise}", "new personal best in {exercise}",
            "skipped {exercise} {when}, not sorry", "parkrun in {town} was {good}", "rest day, finally",
            "physio says no {exercise} for {number} weeks", "swam {number} lengths {when}",
        ),
        "exercise": (
            "leg day", "spin class", "yoga", "pilates", "deadlifts", "climbing", "burpees", "the rowing machine", "intervals",
            "a hill run", "boxing",
        ),
    },
    "kids": {
        "core": (
            "{child} told the teacher that {person} is a {job}", "homework {when}: {subject}, {bad}",
            "{child} won't eat anything but {plain}", "school run in {number} minutes, {good}", "{child} asked why {question} {when}",
            "bedtime took {number} hours, feeling {feeling}", "found {plain} in the car seat, {bad}", "{child} lost another tooth",
            "parents' evening {when}, wish us luck", "{child} learnt to ride a bike in {town}",
        ),
        "child": (
            "the toddler", "my eldest", "the youngest", "my nephew", "my niece", "our six year old", "the twins", "next door's kid",
        ),
        "job": ("pirate", "spy", "wrestler", "professional napper", "dragon keeper", "sandwich inspector"),
        "subject": ("fractions", "spelling", "volcanoes", "the Romans", "a cardboard castle", "long division"),
        "plain": ("pasta", "toast", "peas", "raisins", "rice cakes", "breadsticks"),
        "question": ("the moon follows us", "worms have no legs", "grown-ups work", "the sea is salty", "we can't keep a horse"),
    },
    "gaming": {
        "core": (
            "{number} hours into {game}, {good}", "lost {number} ranked games of {game} {when}", "{game} servers are {bad} {when}",
            "{person} beat me at {game}", "finally finished {game}, feeling {feeling}", "the new {game} patch is {bad}",
            "looking for a team for {game} {when}", "speedrun of {game} in {number} minutes", "can't stop playing {game} {when}",
        ),
        "game": (
            "Starfall Online", "Hexgrove", "Tiny Empires", "Kart Kingdom", "Dread Cellar", "Skybound", "Pixel Farm", "Iron Ladder",
            "Mothlight",
        ),
    },
    "books": {
        "core": (
            "finished {book} {when} and i'm {feeling}", "library day: {number} books, {good}", "{book} is {good}",
            "couldn't finish {book}, {bad}", "book club picked {book}", "{person} lent me {book}", "reading {book} on the bus {when}",
            "the author of {book} is talking in {town}", "second hand copy of {book} with notes in the margin, {good}",
        ),
        "book": (
            "The Salt Ledger", "A Winter of Wrens", "Small Bright Rooms", "The Beekeeper's Alibi", "Ordinary Comets",
            "The Orchard Debt", "Letters to a Lighthouse", "Nobody's Atlas",
        ),
    },
    "outings": {
        "core": (
            "day trip to {town} {when}, {good}", "{walk} with {person}, feeling {feeling}", "museum in {town} is free and {good}",
            "booked a weekend in {town}", "{number} mile {walk} and a pub at the end", "lost in {town} with {person}, {bad}",
            "camping {when}: {number} layers and still cold", "saw {animal} on a {walk} {when}", "market in {town} {when} was {good}",
        ),
        "walk": ("coastal walk", "canal walk", "woodland walk", "hike", "stroll", "ridge walk", "night walk"),
        "animal": ("a kingfisher", "deer", "seals", "a fox", "an owl", "herons", "a very rude goose"),
    },
    "tech": {
        "core": (
            "my {device} died {when}, {bad}", "update took {number} hours and now the {device} is {bad}",
            "password must contain {number} symbols and a {password}", "{person} asked me to fix the {device}",
            "the app logged me out {number} times {when}", "turned it off and on, {good}", "wifi is {bad} {when}",
            "dark mode everywhere please", "my {device} thinks i live in {town}",
        ),
        "device": ("phone", "laptop", "router", "printer", "tablet", "smart speaker", "headphones", "telly", "keyboard"),
        "password": ("haiku", "blood type", "rune", "riddle", "weather report"),
    },
    "admin": {
        "core": (
            "on hold with the {office} for {number} minutes", "the {office} lost my form {when}", "parking ticket in {town}, {bad}",
            "rent is up again, feeling {feeling}", "the {office} wants {number} copies of everything",
            "roadworks outside until {weekday}, {bad}", "recycling day changed again, {bad}", "voted {when}, {good}",
            "dentist on {weekday}, feeling {feeling}", "boiler is {bad} and the engineer comes on {weekday}",
        ),
        "office": ("council", "bank", "insurance", "water company", "surgery", "tax office", "landlord's agency", "broadband people"),
    },
    "wardrobe": {
        "core": (
            "need a new {thing} and have no money", "{person} borrowed my {thing} again", "laundry day: one clean {thing} left",
            "moved the {thing} three times, the room still looks {bad}", "my old {thing} finally died {when}",
            "found a {thing} at the charity shop, {good}", "why is every {thing} either huge or tiny",
            "wore my {thing} {when}, felt {good}", "does anyone know how to get ink out of a {thing}",
            "tidied, and now i can't find my {thing}",
        ),
        "thing": (
            "dress", "coat", "pair of jeans", "scarf", "lamp", "candle", "blanket", "mug", "bag", "cardigan", "pair of boots",
            "jumper", "notebook", "cushion", "teapot", "shirt", "umbrella", "rug", "mirror", "vase", "backpack", "jacket", "bowl",
            "skirt",
        ),
    },
}

# Slow drift: the older word gives way to the newer one in the course of the month, everywhere it occurs.
DRIFT = (
    ("brilliant", "immaculate"),
    ("ngl", "real talk"),
    ("elite", "goated"),
    ("lowkey", "softly"),
    ("a shambles", "a whole circus"),
    ("lads", "besties"),
)

EMOJI = ("😂", "😭", "🙃", "☕", "🌧️", "❤️", "😅", "🔥", "🥲", "👀", "✨", "🙌",
    "😴", "🎉", "💀", "🤷", "👏", "🌿", "🍂", "🥰", "😩", "🤔", "💪", "🙈")
EVERYDAY_HASHTAGS: dict[str, tuple[str, ...]] = {
    "coffee": ("coffee", "monday"),
    "weather": ("weather", "autumn"),
    "commute": ("commute", "trains"),
    "lunch": ("lunch",),
    "cooking": ("homecooking", "foodie"),
    "football": ("football", "matchday"),
    "series": ("nowwatching", "tv"),
    "music": ("nowplaying", "music"),
    "work": ("worklife",),
    "sleep": ("insomnia",),
    "pets": ("dogsofinstagram", "catlife"),
    "gym": ("running", "gym"),
    "kids": ("parenting",),
    "gaming": ("gaming",),
    "books": ("amreading", "books"),
    "outings": ("weekend", "walking"),
    "tech": ("tech",),
    "admin": ("adulting",),
    "wardrobe": ("ootd", "home"),
}
