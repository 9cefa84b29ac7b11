"""Facts that `personal_data` holds what it finds to: lengths, check values, what is nobody's."""


def words_of(text: str) -> list[str]:
    """Return the words of a text, so that a long list reads as one."""
    return text.split()


TOP_LEVEL = frozenset(
    words_of(
        "com org net edu gov mil int info biz name pro app dev cloud online site store shop "
        "tech blog email mail live news world life today company agency digital academy "
        "institute university foundation health care space website xyz club top global group "
        "team work media studio design systems solutions services software network"
    )
)
"""Generic ends of e-mail addresses; countries have two letters. Others are taken for code."""

IBAN_LENGTHS = {
    pair[:2]: int(pair[2:])
    for pair in words_of(
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 "
        "DO28 EE20 EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 "
        "IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 MC27 MD24 ME22 MK19 MR27 "
        "MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 "
        "ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20"
    )
}
"""Of the IBAN registry (SWIFT), country by country."""

EXAMPLE_IBANS = frozenset(
    {
        "GB82WEST12345698765432",
        "GB29NWBK60161331926819",
        "DE89370400440532013000",
        "FR1420041010050500013M02606",
        "NL91ABNA0417164300",
        "CH9300762011623852957",
        "ES9121000418450200051332",
        "IT60X0542811101000000123456",
        "BE68539007547034",
        "AT611904300234573201",
        "PL61109010140000071219812874",
    }
)
"""Those that the registry and the usual documentation show."""

EXAMPLE_CARDS = frozenset(
    words_of(
        "4111111111111111 4242424242424242 4012888888881881 4000056655665556 4222222222222 "
        "5555555555554444 5105105105105100 5200828282828210 2223003122003222 378282246310005 "
        "371449635398431 6011111111111117 6011000990139424 30569309025904 38520000023237 "
        "3530111333300000 3566002020360505 4000000000000002 4000002500003155"
    )
)
"""Numbers that payment services give out for tests."""

EXAMPLE_SSNS = frozenset({"123-45-6789", "078-05-1120", "219-09-9999", "111-11-1111"})

KNOWN_RESOLVERS = frozenset(
    words_of(
        "1.1.1.1 1.0.0.1 8.8.8.8 8.8.4.4 9.9.9.9 208.67.222.222 208.67.220.220 1.2.3.4 "
        "4.3.2.1 5.6.7.8 2001:4860:4860::8888 2001:4860:4860::8844 2606:4700:4700::1111"
    )
)
"""Addresses that stand in many texts and are nobody's: resolvers, counted-up examples."""
