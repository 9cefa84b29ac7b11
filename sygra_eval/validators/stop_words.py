"""The commonest words of the languages that `language` can tell apart."""

STOP_WORDS = {
    language: frozenset(words.split())
    for language, words in {
        "en": "the of and to in is that it for was on are with as be at this have from or had "
        "by not but what all were when we there can an your which their if will each "
        "about how up out them then she many some so these would into has more her two "
        "him see could no make than been its who now you i he they do does should you're "
        "don't it's",
        "de": "der die das und ist nicht ein eine einen einem einer zu den dem des mit sich auf "
        "für von im am wird werden sind war als auch es an aus bei nach nur oder aber wie "
        "wir ich sie er wenn noch zum zur über so dass kann man hat haben mehr durch "
        "diese dieser dieses sein seine vor bis unter um alle jede jeder dann hier schon "
        "sehr ohne gibt",
        "fr": "le la les de des du et est un une dans que qui pour pas sur avec ce cette ces il "
        "elle ils elles nous vous je on ne se au aux par plus mais ou où son sa ses leur "
        "leurs être sont était été fait comme tout tous si même aussi peut entre sans "
        "donc alors c'est d'un d'une l'on qu'il votre notre chaque",
        "es": "el la los las de del y es un una en que por para con no se lo al su sus como más "
        "pero o si este esta estos estas son fue ser está están ha han hay muy también "
        "entre cuando donde sin sobre todo todos ya porque qué cada puede desde hasta nos "
        "les le usted yo tu ella ellos eso esto",
        "it": "il lo la i gli le di del della dei delle degli e è un una uno in che per con non "
        "si da dal dalla al alla nel nella sono era essere ha hanno come più ma o se "
        "anche questo questa questi queste quello sul sulla tra fra ogni tutto tutti "
        "quando dove perché può deve cui suo sua loro noi voi io già molto senza dopo",
        "pt": "o a os as de do da dos das e é um uma em no na nos nas que por para com não se "
        "ao à pelo pela são foi ser está estão tem têm há como mais mas ou este esta esse "
        "essa isso isto ele ela eles elas você seu sua seus suas também muito já quando "
        "onde sem sobre todos cada pode até entre nós eu",
        "nl": "de het een en van is niet dat in op te voor met zijn er aan ook als bij maar om "
        "uit dan of naar door over ze hij zij wij we je ik u deze dit die wordt worden "
        "was heeft hebben kan kunnen moet nog geen wel meer zo hun haar tot alle elke "
        "omdat wanneer waar wat hoe veel tussen onder na al",
    }.items()
}
