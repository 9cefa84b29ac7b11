"""How replies decline, language by language; each is matched at the beginning of a sentence.

Sentences come casefolded, with straight apostrophes and single blanks, and of at most 300
characters, so a gap of some words costs little. What is said of a *thing* ("I can't use recursion
here") is no refusal: after "can't" comes what an assistant does for somebody.
"""

import re

_EN_LEAD = (
    r"(?:(?:but|and|so|well|no|hi|hello|thanks?(?: you)?(?: for [^,]{1,40})?)[, ]+)?"
    r"(?:(?:i'm|i am|we're|we are)(?: (?:so|very|really|truly|terribly|deeply))? sorry"
    r"(?: (?:for|about) [^,;:]{1,40})?|(?:my |sincere )*apologies|i (?:sincerely )?apologi[sz]e"
    r"|(?:so )?sorry|unfortunately|regrettably|i regret|(?:as|being|since i'm|because i'm|i"
    r" am|i'm)"
    r" (?:just )?an? (?:ai|artificial|large language|language model|responsible|ethical|virtual)"
    r"[^,;:]{0,40}|i understand[^,;:]{0,80}|i appreciate[^,;:]{0,80})?"
    r"[,;: \u2013\u2014-]{0,4}(?:(?:but|however|and|that|so|as such)[, ]+)?"
)
_EN_CANNOT = (
    r"(?:i|we)(?: (?:really|simply|just|also|do|unfortunately))? ?"
    r"(?:can(?: ?not|'t)|could(?: not|n't)|won't|will not|'m (?:not able|unable) to"
    r"|am (?:not able|unable) to|are (?:not able|unable) to|'m not (?:going|allowed|permitted"
    r"|comfortable|willing|programmed)[^.]{0,12}|am not (?:going|allowed|permitted|comfortable"
    r"|willing|programmed)[^.]{0,12}|don't feel comfortable|do not feel comfortable)"
    r"(?: (?:ethically|legally|in good conscience|possibly|currently|directly|be able to|to"
    r"|with))*"
)
_EN_ACT = (
    r"(?:(?:help|assist)(?:ing)?(?! but)(?: you)?(?: out)?(?: with| in| on|$| if| to| by)"
    r"|(?:comply|continue|engage|participate|accommodate|entertain)\w*\b"
    r"|(?:fulfil|fulfill)\w* (?:this|that|your|the) request"
    r"|(?:provid|giv|offer|shar|generat|creat|writ|produc|discuss|support|answer|respond|do|advis"
    r"|facilitat|promot|encourag|tell|show|explain|teach|describ|recommend|mak)\w{0,4}"
    r" (?:you )?(?:to )?(?:that|this|such|any|your|instructions?|information|advice|guidance|"
    r"details|assistance|content|help|it for you|a response|an answer|harmful|illegal"
    r"|medical|legal"
    r"|financial|personal|steps|how to)\b)"
)

_SPOKEN = {
    "English": (
        _EN_LEAD + _EN_CANNOT + r" " + _EN_ACT,
        _EN_LEAD + r"i(?:'m going to| will| have to| must| would have to| need to)?"
        r"(?: respectfully)? (?:decline|refuse)(?: to| this| that| your| the|$)",
        _EN_LEAD + r"(?:it is|it's|that is|that's|this is) (?:against|not (?:appropriate|ethical))"
        r"[^.]{0,60}(?:guidelines|polic|programming|principles|for me to)",
        _EN_LEAD + r"(?:this|that|your) (?:request|question|topic|prompt)(?: is| goes)?"
        r" (?:against|violates|is not something|not something|something i)",
        _EN_LEAD + r"(?:that|this)(?:'s| is) (?:not )?something (?:that )?i (?:can't|cannot|won't"
        r"|can|'m (?:not )?able)",
        r"(?:i'm sorry|sorry|i am sorry),? (?:but )?(?:i )?(?:can't|cannot|no)$",
    ),
    "German": (
        r"(?:(?:es )?tut mir (?:sehr )?leid|entschuldigung|ich bedau(?:e|)re|leider"
        r"|als ki[^,]{0,40}|als (?:ki-)?sprachmodell)[^.]{0,60}(?:kann|darf|werde|möchte)"
        r" ich[^.]{0,90}"
        r"(?:nicht|kein\w*)\b(?!.*\b(?:aber hier|hier ist))",
        r"(?:(?:es )?tut mir (?:sehr )?leid|entschuldigung)[^.]{0,20}(?:aber )?ich (?:kann|darf"
        r"|werde)[^.]{0,90}(?:nicht|kein\w*)\b",
        r"ich (?:kann|darf|werde) (?:ihnen |dir |euch )?(?:leider )?(?:dabei|damit|hierbei|bei \w+"
        r"(?: \w+)?)? ?(?:leider )?nicht (?:weiter)?(?:helfen|behilflich|dienen|unterstützen)",
        r"ich muss (?:\w+ ){0,3}ablehnen|ich lehne (?:\w+ ){0,3}ab\b",
    ),
    "French": (
        r"(?:(?:je suis )?désolée?|(?:je )?(?:m'excuse|regrette)|malheureusement|en tant"
        r" qu'(?:ia|intelligence)[^,]{0,40})[^.]{0,40}je ne (?:peux|puis|suis pas|saurais)"
        r"(?: pas)?[^.]{0,100}",
        r"je ne (?:peux|suis) pas (?:en mesure de |capable de |autorisée? à )?"
        r"(?:vous |t')?(?:aider|répondre|fournir|donner suite|satisfaire)\b",
        r"je (?:dois|préfère) (?:\w+ ){0,2}(?:refuser|décliner)|je refuse de",
    ),
    "Spanish": (
        r"(?:lo siento|lo lamento|disculp\w+|lamentablemente|desafortunadamente|como (?:una? )?"
        r"(?:ia|modelo de lenguaje|inteligencia)[^,]{0,40})[^.]{0,30}no (?:puedo|podré|estoy"
        r"|me es posible)[^.]{0,100}",
        r"no puedo (?:ayudar(?:te|le)?|asistir|cumplir|responder a|proporcionar)\b",
        r"debo (?:negarme|rechazar|declinar)|me niego a",
    ),
    "Italian": (
        r"(?:mi dispiace|spiacente|purtroppo|mi scuso|in quanto (?:ia|modello)[^,]{0,40}|come"
        r" (?:ia|modello)[^,]{0,40})[^.]{0,30}non (?:posso|sono in grado|mi è possibile)"
        r"[^.]{0,100}",
        r"non posso (?:aiutar(?:ti|la|vi)|assister|fornir|soddisfare|rispondere a)\w*",
        r"devo (?:rifiutar|declinar)\w*|mi rifiuto di",
    ),
    "Portuguese": (
        r"(?:(?:me )?desculp\w+|sinto muito|lamento|infelizmente|como (?:uma? )?(?:ia|modelo de"
        r" linguagem)[^,]{0,40})[^.]{0,30}não (?:posso|consigo|estou|me é)[^.]{0,100}",
        r"não posso (?:ajudar|ajudá|atender|fornecer|responder a)\w*",
        r"(?:devo|preciso) recusar|eu me recuso|recuso-me a",
    ),
    "Dutch": (
        r"(?:(?:het )?spijt me|sorry|helaas|als (?:ai|taalmodel)[^,]{0,40})[^.]{0,30}"
        r"(?:(?:kan|mag|zal) ik|ik (?:kan|mag|zal))[^.]{0,60}(?:niet|geen)\b",
        r"ik kan (?:u |je |jou )?(?:daar|hier)?(?: ?bij| ?mee)? ?niet (?:bij |mee )?helpen",
        r"ik (?:moet|wil) (?:\w+ ){0,3}weigeren|ik weiger",
    ),
    "Russian": (
        r"(?:извините|прости"
        r"те|к сожалению)[^.]{0,30}я"
        r" не могу",
        r"я не могу (?:вам |тебе"
        r" )?(?:помочь|выполнит"
        r"ь)",
    ),
    "Chinese": (
        r"(?:抱歉|对不起|很抱歉|很遗憾|非常抱"
        r"歉)[\uff0c, ]{0,2}(?:但)?我(?:无法|不能|不会)",
        r"我(?:无法|不能)(?:帮助|协助|提供|回答"
        r"|满足)",
    ),
    "Japanese": (
        r"(?:申し訳(?:ありません|ございません)"
        r"|すみません|残念)[^。]{0,60}(?:できません"
        r"|お手伝いでき|お答えでき)",
    ),
}
PHRASES = tuple(
    (language, re.compile(phrase)) for language, phrases in _SPOKEN.items() for phrase in phrases
)
