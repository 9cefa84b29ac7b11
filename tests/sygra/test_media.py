"""Pictures and sounds: shown to a model, made by one, written beside the rows as files."""

import base64
import json

import pytest
from aiohttp import web

from sygra_eval.sygra import write_rows

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
)


class Studio:
    """A server of pictures, speech and transcription; keeps what it was sent."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict]] = []
        self.status = 200

    async def answer(self, request: web.Request) -> web.Response:
        if request.content_type.startswith("multipart/"):
            sent = {}
            for name, value in (await request.post()).items():
                sent[name] = value if isinstance(value, str) else value.file.read()
        else:
            sent = await request.json()
        self.asked.append((request.path, sent))
        if self.status != 200:
            return web.json_response({"error": {"message": "no"}}, status=self.status)
        picture = {"b64_json": base64.b64encode(PNG).decode()}
        match request.path.rsplit("/", 1)[-1]:
            case "speech":
                return web.Response(body=b"sound")
            case "transcriptions":
                return web.json_response({"text": "a dog barks"})
            case "completions":
                sound = {"data": base64.b64encode(b"spoken").decode()}
                message = {"role": "assistant", "content": None, "audio": sound}
                return web.json_response({"choices": [{"message": message}]})
            case _:
                made = [picture] * int(sent.get("n", 1))
                return web.json_response({"data": made})


@pytest.fixture
async def studio():
    made = Studio()
    app = web.Application()
    app.router.add_post("/{path:.*}", made.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    yield made
    await runner.cleanup()


@pytest.fixture
def artist(project, studio):
    entry = {"model_type": "openai", "url": studio.url, "parameters": {}}
    project.models(
        None,
        painter={**entry, "model": "p", "output_type": "image"},
        voice={**entry, "model": "tts", "output_type": "audio"},
        ear={**entry, "model": "whisper", "input_type": "audio"},
        talker={**entry, "model": "gpt-4o-audio-x"},
    )
    return project


def node(model, prompt, **keys):
    return {"node_type": "llm", "model": {"name": model, **keys}, "prompt": [{"user": prompt}]}


async def test_pictures_are_made_and_written_beside_the_rows(artist, studio):
    nodes = {
        "one": {**node("painter", "a {question}\n"), "output_keys": "one"},
        "two": {**node("painter", "b", parameters={"n": 2}), "output_keys": "two"},
    }

    ran = await artist.run(artist.task("paint", nodes))
    target = artist.root / "out" / "rows.json"
    write_rows(ran.folder, target)

    assert [sent["prompt"] for _, sent in studio.asked] == ["a one", "b"]
    (row,) = json.loads(target.read_text())
    folder = artist.root / "out" / "rows" / "image"
    assert row["one"] == str(folder / "a_one_0.png")
    assert row["two"] == [str(folder / f"a_two_{place}.png") for place in (0, 1)]
    assert (folder / "a_one_0.png").read_bytes() == PNG


async def test_a_picture_of_the_row_is_changed(artist, studio):
    prompt = [
        {"type": "image_url", "image_url": "{picture}"},
        {"type": "text", "text": "{question}"},
    ]
    rows = [{"id": "a", "question": "greener", "picture": "tasks/ours/edit/x.png"}]
    edit = {**node("painter", prompt), "output_keys": "out"}
    task = artist.task("edit", {"edit": edit}, rows=rows)
    (task.folder / "x.png").write_bytes(PNG)

    await artist.run(task)

    ((path, sent),) = studio.asked
    assert (path, sent["prompt"], sent["image"]) == ("/v1/images/edits", "greener", PNG)


@pytest.mark.parametrize(("most", "sent"), [(1, "image"), (None, "image[]")])
async def test_of_the_pictures_of_a_row_so_many_are_sent_as_the_model_takes(
    artist, studio, most, sent
):
    prompt = [{"type": "image_url", "image_url": "{pictures}"}, {"type": "text", "text": "x"}]
    rows = [{"id": "a", "pictures": ["tasks/ours/edit/x.png", "tasks/ours/edit/x.png"]}]
    known = {"image_capabilities": {"max_edit_images": most}}
    task = artist.task(
        "edit", {"edit": {**node("painter", prompt, **known), "output_keys": "out"}}, rows=rows
    )
    (task.folder / "x.png").write_bytes(PNG)

    await artist.run(task)

    assert [name for name in studio.asked[0][1] if name.startswith("image")] == [sent]


async def test_sound_is_made_heard_and_answered_with_sound(artist, studio):
    heard = [{"type": "audio_url", "audio_url": "{spoken}"}, {"type": "text", "text": "What?"}]
    audio = {"audio": {"voice": "nova", "response_format": "wav"}}
    nodes = {
        "speak": {**node("voice", "{question}", parameters=audio), "output_keys": "spoken"},
        "hear": {**node("ear", heard), "output_keys": "heard"},
        "talk": {**node("talker", heard, output_type="audio"), "output_keys": "talk"},
    }

    ran = await artist.run(artist.task("sound", nodes))
    write_rows(ran.folder, artist.root / "rows.json")

    (_, spoken), (_, written), (_, talked) = studio.asked
    assert (spoken["input"], spoken["voice"]) == ("one", "nova")
    assert (written["file"], written["prompt"]) == (b"sound", "What?")
    assert talked["messages"][0]["content"][0]["input_audio"]["format"] == "wav"
    assert talked["modalities"] == ["text", "audio"]
    assert ran.rows[0]["heard"] == "a dog barks"
    assert (artist.root / "rows" / "audio" / "a_talk_0.wav").read_bytes() == b"spoken"


async def test_a_file_that_is_not_there_ends_its_row(artist):
    """P16."""
    heard = [{"type": "audio_url", "audio_url": "{sound}"}]
    rows = [{"id": "a", "sound": "gone.wav"}]
    ear = {**node("ear", heard), "output_keys": "heard"}

    ran = await artist.run(artist.task("gone", {"hear": ear}, rows=rows))

    assert "`gone.wav` is no sound" in ran.reason


async def test_a_refusal_of_a_studio_ends_the_row_with_what_it_said(artist, studio):
    studio.status = 400
    paint = {**node("painter", "x"), "output_keys": "out"}

    ran = await artist.run(artist.task("no", {"paint": paint}))

    assert "images/generations answered 400" in ran.reason
