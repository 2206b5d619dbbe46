"""Sentences to be spoken: everyday words, or syllables, in any order, since lips care for sounds and not for sense."""

from __future__ import annotations

import numpy as np

_TEXT = """
about above absorb afternoon again ahead always amber among animal answer apple April army around arrive asking baby
back balance bamboo banana bath beach beautiful because become before began behind believe below best between beyond
bicycle big bird birthday blue board boat body book both bottom bottle boy brave bread breathe bridge bright bring
brother brown build burn bus butter button buy cabbage calm camera camp captain careful castle catch chair change
cheap cheese cherry children choose church circle city clean climb clock close cloud coffee cold colour come common
company compare cook copper corner couple cover cow crowd cup dance danger daughter dear deep develop dinner do doctor
door double down dream drive early earth easy eight elbow empty enough even evening every example explain eye fabric
family famous far farm father favour February feed fever field fifty film final find fire first fish five flower fly
follow food football forest forget fork form four fresh Friday friend from fruit full funny future game garden gather
gentle girl give glove go gold good goose grape great green group grow half hammer hand happen happy harbour have
heavy help here high home hope horse hour house how huge human hurry ice idea improve inside iron island jam job join
joke journey judge juice jump just keep kitchen knife know lamp language large last late laugh lazy leaf learn leave
lemon letter level library life light listen little live long look loud love lucky machine magic make maple market
marble maybe me mean measure meet member memory middle milk million mirror modern moment money monkey month moon more
morning mother mountain mouse mouth move much museum music my name napkin narrow nature near never new nice night nine
nobody north nothing November now number ocean of off office often oil old once one onion only open orange other our
out over own page paint pair paper park part party pass pay peach people pepper perfect perhaps phone photo piano
picture piece pigeon place plan plate play please plum pocket poem point police poor popular possible potato power
present pretty problem public pull puppy purple push put queen question quick quiet rabbit radio rain raise rather
reach ready reason remember report rest rich ride right ring river road roof room rose round rubber run safe salt same
Saturday save school sea season seven shadow share sharp sheep shell ship shoe shop short should shoulder show silver
simple sing sister six sky sleep slow small smile smooth snow soap soft some song soon sound soup south spend spoon
spring square stamp star station stay still stop storm story street strong sugar summer sun supper sure surprise swim
table talk tall tea teach team teeth temple ten thank that the their them there these thing think thirty this those
though thousand three through thumb thunder ticket time to today together tomorrow tooth top touch tower town toy
travel treasure tree trip trouble true try Tuesday twelve twenty two umbrella under until up us usual valley value van
vegetable very view village violin visit voice wait walk wall warm wash watch water wave way we weather Wednesday week
welcome well west whale what wheel when where which while whisper white who why wide wife wind window wine winter wish
with woman wonder wood wool word work world worry would write yard year yellow yes yesterday you young your zebra zero
"""
_WORDS = tuple(_TEXT.split())

_ONSETS = ("", "", *"pbmfvpbmfvtdnlrskgz", "pr", "br", "pl", "st", "tr")
_VOWELS = ("a", "a", "a", "e", "e", "o", "o", "i", "u")
_CODAS = ("", "", "", "", "n", "l", "r", "s", "m", "t")


def sentence(rng: np.random.Generator) -> str:
    """Four to eleven words, with a comma somewhere in the longer ones, ending as a statement or a question."""
    count = int(rng.integers(4, 12))
    words = [str(word) for word in rng.choice(_WORDS, count)]
    if count > 6:
        words[int(rng.integers(2, count - 3))] += ","
    return " ".join(words).capitalize() + str(rng.choice([".", ".", ".", "?", "!"]))


def syllables(rng: np.random.Generator) -> str:
    """Four to nine words of no language, of one to four syllables; rich in what lips are needed for."""
    words = []
    for _ in range(int(rng.integers(4, 10))):
        parts = [
            _ONSETS[rng.integers(len(_ONSETS))] + _VOWELS[rng.integers(len(_VOWELS))]
            for _ in range(int(rng.integers(1, 5)))
        ]
        words.append("".join(parts) + _CODAS[rng.integers(len(_CODAS))])
    return " ".join(words).capitalize() + "."
