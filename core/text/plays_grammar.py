"""The words and templates of the built-in plays: all that `plays.py` chooses from, and how often.

Whoever adds to it keeps the text unambiguous: templates that can stand in the same place open differently, word lists
share no words, syllables have fixed lengths (`tests/core/text/test_plays.py` checks it).
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Grammar:
    """List the words, templates, weights and limits of a play.

    `{slot}` in a template is a word of `words[slot]`, or what `Playwright.slots` writes there.
    """

    words: dict[str, Sequence[str]]  # slot -> its words, the most common first
    phrases: dict[str, str]  # slot -> a template to put in its place
    rhymes: Sequence[Sequence[str]]  # words that rhyme; two at least in each
    name: tuple[Sequence[str], Sequence[str], Sequence[str]]  # first, middle (or none) and last syllables
    matter: tuple[Sequence[str], Sequence[str]]  # what the play is about: two words
    refrains: Sequence[str]
    cries: Sequence[str]
    verses: Sequence[str]  # lines, without the mark at the end
    asked: str  # what a question asks for
    turns: dict[str, float]  # all that a speaker says -> weight
    answers: Sequence[str]
    directions: Sequence[str]
    scene: str
    commas: dict[str, float]  # marks after the first line of a couplet -> weight
    stops: dict[str, float]  # and after the second
    events: dict[str, float]  # speak, enter, exit, direct, sing, end -> weight, when all who came have spoken
    most_on_stage: int = 3
    most_names: int = 5
    most_events: int = 30  # in a scene; then it ends
    most_scenes: int = 4
    most_couplets: int = 3  # in a turn or a song
    cry_weight: float = 0.25  # against 1 for speaking without
    again_weight: float = 0.8  # of one more couplet, against 1 for no more
    scene_weight: float = 2.0  # of one more scene, against 1 for the end of the play
    short_name_weight: float = 4.0  # of no middle syllable, against 1 for each of them


def word_list(text: str) -> tuple[str, ...]:
    """Return the words of a text, `_` within a word standing for a space."""
    return tuple(word.replace("_", " ") for word in text.split())


GRAMMAR = Grammar(
    words={
        "the": word_list("the my your our this that his her their each every one some"),
        "The": word_list("The My Your Our This That His Her Their Each Every"),
        "near": word_list("by in on at under near over past off for with like up behind"),
        "manner": word_list("""
            again twice softly alone tonight gladly slowly at_dawn in_vain at_noon sadly unseen boldly by_ear
            in_June for_love at_once in_haste too_late in_tune unpaid all_week half_awake on_tiptoe
        """),
        "adjective": word_list("""
            old red sweet cold warm soft small quiet blue pale green gray thin tall salty sleepy merry hungry
            little dim slow quick shy sly bold wild tame mild round flat steep deep damp dry rusty mossy sour
            bitter humble noble silent hollow honest purple golden windy rainy snowy sunny foggy frosty dusty
            tender lonely lucky clever polite proud plain fresh faint brave vain stray broken patched giddy
            jolly fuzzy zigzag faded hidden lazy odd raw ripe lean loud mute numb neat pink rich rare rude sad
            safe sharp slim smug stiff tart vast weak wise young crisp curly drowsy eager fancy grand grim
            glum keen lame limp lush misty muddy nimble perky queer rough sane silky sooty spicy stern stout
            swift tidy tiny tipsy vivid weary woolly zany
        """),
        "noun": word_list("""
            kettle candle button pebble barrel basket mirror teapot needle hammer bucket saddle pillow letter
            fiddle trumpet drum flute harp ship raft cart wagon wheel bridge gate fence barn garden apple plum
            cherry lemon onion turnip walnut acorn barley clover thistle nettle willow poplar maple ivy heron
            goose duck owl robin magpie pigeon fox hare badger otter weasel donkey pony ox lamb hen spider
            beetle moth snail toad frog trout crab whale baker miller tailor sailor weaver piper farmer hunter
            cook clerk doctor judge widow uncle aunt cousin giant ghost wizard dragon queen duke monk beggar
            thief fool cloud storm breeze river valley meadow desert island harbor cellar attic chimney market
            village shadow echo dream riddle promise story rumor sorrow supper pudding honey butter pepper jug
            quilt axe bag bean beard bench bowl box broom bun cage cave chalk cheese chin coin cork cup desk
            dust egg elk fern fig flag fork fur gem glove ham hoof ink jam jewel kilt knot lamp leaf mask milk
            mint mole mud mule nut oven paw peach pen pig pipe pot purse quail rag roof rope salt seed shoe
            silk skirt soap soup stool sword tent toast tooth towel tub twig urn veil vine wasp web whip wig
            yak yarn yolk
        """),
        "did": word_list("""
            found lost sold kept hid broke mended carried forgave married fed woke chased kissed buried
            weighed washed baked robbed envied praised taught forgot met heard saw called pulled pushed lifted
            caught dropped hung shook burned hired feared loved hated missed stole drew ate bit cut dug led
            lit rode sent shut sang sewed spun swept tied tore won wore drank fried boiled built chose cured
            dyed fanned froze hugged judged milked nursed obeyed paid peeled picked rang rubbed shaved smelled
            sought split stirred tamed threw toasted tuned wooed
        """),
        "do": word_list("""
            sing dance weep sleep wait wander laugh kneel sneeze snore sail swim climb fall rise rest return
            linger listen mumble argue yawn blush boast shine fade grow bloom melt float drift drown hurry
            tarry hum nod pray wink leap skip hop roam glow creep crawl drip spin sigh sway bark purr trot
            glide dive flap frown gasp giggle grin howl itch jump lurk moan pace perch pout quake rave rot run
            rust shiver shout shrug sink slip smile sneak sob stir swing talk trip vanish vote wade wave wilt
            wobble yodel
        """),
        "does": word_list("""
            lifts drops hides shakes opens kisses studies wraps drags juggles salutes sniffs waves burns tests
        """),
        "onset": word_list("""
            b br bl c cr d dr f fl g gr gl h j k l m n p pl r s sk sn sp spl st sw t thr tr tw v w z
        """),
        "vowel": word_list("o i u a e"),
        "coda": word_list("""
            b d g ll m mb mp n nd ng nk p r rb rk rl rn rp rt s sk sp t tt v x zz ck ff ft lf lm
        """),
        "ending": word_list("ow et er y in um ock el ish oon ard ole us ix ap een"),
    },
    phrases={"coin": "{onset}{vowel}{coda}{ending}"},  # a word made up on the spot
    rhymes=[
        word_list(group)
        for group in """
            moon spoon tune dune, sea tree key bee, night light sight knight kite, stone throne bone loan, day
            bay clay way hay, rain grain lane chain train, door floor shore oar store, bell well shell, hill
            mill sill quill, fire choir spire lyre, snow crow bow toe, bread bed thread head shed, hand sand
            land band, house mouse grouse blouse, sky pie lullaby fly, hat cat mat bat, king ring spring
            string wing, boat coat goat throat note moat, rose nose hose, ear year tear pier, cake lake rake
            snake, face lace place vase, tower flower shower hour, air chair stair bear pear, book brook nook
            hook, wall ball shawl squall, jar star scar, clock rock sock flock
        """.split(",")
    ],
    name=(
        word_list("mar bel ros tam pel dor fen gil hob jas kel lun nim sil tor vas wil yor zan cor bru fal"),
        word_list("ri lo va be do mi su ga te"),
        word_list("lin wyn dus mon bel ric ton ver nia dra gar fin let kin sol zia vik rey cas quo"),
    ),
    matter=(
        word_list("copper glass paper velvet marble ivory pewter wicker cotton amber ebony wax tin oak"),
        word_list("crown compass umbrella slipper cradle coffer parrot swan stallion carriage thimble"),
    ),
    refrains=(
        "Heigh, the {noun}, ho, the {coin}, and {do} we all {manner}!",
        "Round goes the {coin}, down goes the {noun}, {do} and {do} away!",
        "Sing {noun}, sing {coin}, sing {adjective} {noun} O!",
        "With {the} {coin}, with {the} {coin}, who would not {do} {manner}?",
    ),
    cries=(
        "By {noun} and {coin}!",
        "Bless {the} {adjective} {coin}!",
        "Ho, {coin} and {coin}!",
        "Fie, {coin}, fie!",
        "Zounds and {coin}!",
        "What {adjective} {coin} luck!",
        "Quick, {the} {coin}!",
    ),
    verses=(
        "{The} {adjective} {coin} {did} {the} {adjective} {rhyme}",
        "I {did} {the} {coin}, {did} {the} {noun}, {did} {the} {rhyme}",
        "O {adjective} {coin}, {adjective} {noun}, {adjective} {rhyme}",
        "Come, {name}, {do} {near} {adjective} {coin} and {rhyme}",
        "We {did} {coin}, {noun}, {coin} and {rhyme}",
        "Let {coin} and {noun} {do} {near} {the} {rhyme}",
        "Then {name} {did} {adjective} {coin} and {rhyme}",
        "How {adjective} {the} {noun}, how {adjective}, {adjective} {rhyme}",
        "So {do}, {adjective} {coin}, {do} {near} {the} {rhyme}",
        "They {did} {matter}, {coin}, {noun}, {rhyme}",
        "No {coin} may {do}, {near} {adjective} {rhyme}",
        "When {coin} and {noun} {do}, {adjective} is {the} {rhyme}",
        "Dear {name}, {do}, {do} {near} {coin} and {rhyme}",
        "If {noun} and {coin} {do} {manner}, {do}, {rhyme}",
        "For {coin} {do}, for {noun} {do}, for {rhyme}",
        "Some {did} {adjective} {noun}, some {did} {coin} and {rhyme}",
        "Ask {name} who {did} {coin}, {coin} and {rhyme}",
        "And {manner} {the} {noun} {did} {coin} and {rhyme}",
        "Give {name} {adjective} {coin}, {adjective} {noun}, {adjective} {rhyme}",
        "But {coin} {did} {coin}, and {noun} {did} {rhyme}",
        "Once {noun} {did} {noun}, {coin} {did} {rhyme}",
        "See {coin} {do} {near} {noun}, {coin}, {rhyme}",
        "All {adjective} {noun} and {adjective} {coin} {do} {near} {rhyme}",
        "Take {noun}, take {coin}, take {adjective} {adjective} {rhyme}",
    ),
    asked="{the} {adjective} {coin}",
    turns={
        "{verses}": 14.0,
        "({verses})": 2.0,
        'Here is a letter: "{verses}"': 1.5,
        'Remember: "{refrain}"\n{verses}': 1.0,
        'What, "{heard}"?\n{verses}': 1.5,
        "Say, {friend}, where is {ask}?": 2.0,
        "Pray, {friend}, who {did} {ask}?": 1.5,
    },
    answers=(
        "Alas, {asked} is {near} {adjective} {coin}.",
        "Why, {asked} went to {do} {near} {noun} and {coin}!",
        "Of {asked} I know that {adjective} {name} {did} it {manner}.",
    ),
    directions=(
        "{actor} {does} {the} {adjective} {noun}",
        "Here {actor} {does} {matter} and {the} {coin}",
        "Off stage {the} {noun} begins to {do} {manner}",
        "Music of {noun} and {noun}",
    ),
    scene=", {near} {the} {adjective} {coin}\n\n",
    commas={",": 3.0, ";": 1.0, " -": 1.0},
    stops={".": 3.0, "!": 1.0, "?": 1.0},
    events={"speak": 20.0, "enter": 1.5, "exit": 1.0, "direct": 2.0, "sing": 1.0, "end": 1.0},
)
