"""Which sandbox a run gets: the strongest that this host grants, never less than asked for."""

from collections.abc import Mapping

from sygra_eval.sandbox.calibration import MACHINE
from sygra_eval.sandbox.granting import granting
from sygra_eval.sandbox.packaged import with_packages
from sygra_eval.values import ImageProvider, Sandbox, SandboxProvider, SandboxUnavailable

LEAST = "reduced"


async def start_sandbox(
    providers: Mapping[str, SandboxProvider],
    *,
    require: str | None,
    isolation: str | None,
    slots: int,
    packages: tuple[str, ...] = (),
    allow: frozenset[str] = frozenset(),
    image: str | None = None,
) -> Sandbox:
    """Start the strongest provider that works, down to the one that is required.

    :param require: The least isolation accepted, a provider's name; `reduced` by default.
    :param isolation: One provider to take and no other; the only way to get `none`.
    :param packages: Distributions that every program may import, beside the standard library.
    :param allow: What executions may do beyond computing, where they ask for it: `PROCESSES`.
    :param image: What a provider of containers makes them of.
    :raises SandboxUnavailable: With what every provider answered.
    """
    if isolation is not None and image is not None:
        providers = {**providers, isolation: of_image(named(providers, isolation), image)}
    sandbox = await strongest(providers, require=require, isolation=isolation, slots=slots)
    try:
        await MACHINE.renew()  # else the first verdict would do it, and hold up the loop
        return granting(await with_packages(sandbox, packages), allow)
    except BaseException:
        await sandbox.close()
        raise


async def strongest(
    providers: Mapping[str, SandboxProvider],
    *,
    require: str | None,
    isolation: str | None,
    slots: int,
) -> Sandbox:
    """Try the providers from the strongest down.

    :raises SandboxUnavailable: With what every provider answered.
    """
    if isolation is not None:
        return await named(providers, isolation).start(slots)
    least = named(providers, require or LEAST).strength
    strongest_first = sorted(providers.values(), key=lambda provider: -provider.strength)
    answers = []
    for provider in strongest_first:
        if provider.strength <= 0 or provider.strength < least:
            continue
        try:
            return await provider.start(slots)
        except SandboxUnavailable as error:
            answers.append(str(error))
    raise SandboxUnavailable("\n".join(answers) or "no sandbox is registered that isolates")


def of_image(provider: SandboxProvider, image: str) -> SandboxProvider:
    """Tell a provider of containers what to make them of.

    :raises SandboxUnavailable: When the provider makes none.
    """
    if not isinstance(provider, ImageProvider):
        raise SandboxUnavailable(f"sandbox `{provider.name}` is not made of an image")
    return provider.for_image(image)


def named(providers: Mapping[str, SandboxProvider], name: str) -> SandboxProvider:
    """Find a provider.

    :raises SandboxUnavailable: When nothing registered the name.
    """
    if name not in providers:
        known = ", ".join(sorted(providers))
        raise SandboxUnavailable(f"no sandbox is called `{name}`; known: {known}")
    return providers[name]
