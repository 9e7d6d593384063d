"""OpenAI's and Anthropic's own Python clients against a running server: clients.py URL PICTURE SOUND.

Prints a line a check; exits 0 where all hold. `pip install openai anthropic websockets`.
"""
import asyncio
import base64
import json
import sys

import anthropic
import openai

url, picture, sound = sys.argv[1:4]
client = openai.OpenAI(base_url=url + "/v1", api_key="none", timeout=300)
failed = 0


def check(what, holds, shown=""):
    global failed
    failed += 0 if holds else 1
    print(("ok   " if holds else "FAIL ") + what + (f": {shown}" if shown or not holds else ""), flush=True)


def data_uri(path):
    return "data:image/png;base64," + base64.b64encode(open(path, "rb").read()).decode()


said = client.chat.completions.create(model="light", messages=[{"role": "user", "content": "Say hello."}], max_tokens=8)
check("chat", said.choices[0].message.content, said.choices[0].message.content)

pieces = [event.choices[0].delta.content or "" for event in client.chat.completions.create(
    model="light", messages=[{"role": "user", "content": "Say hello."}], max_tokens=8, stream=True) if event.choices]
check("chat stream", "".join(pieces), "".join(pieces))

tool = {"type": "function", "function": {"name": "weather", "parameters": {
    "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}
called = client.chat.completions.create(model="light", messages=[{"role": "user", "content": "Weather in Paris?"}],
                                        tools=[tool], tool_choice="required", max_tokens=60)
call = called.choices[0].message.tool_calls[0].function
check("tool call", call.name == "weather" and "city" in json.loads(call.arguments), call.arguments)

try:
    client.chat.completions.create(model="absent", messages=[{"role": "user", "content": "x"}])
    check("unknown model", False)
except openai.NotFoundError as error:
    check("unknown model", error.code == "model_not_found", error.message)

check("models", "light" in client.models.list().data[0].yanxing["aliases"])
check("embeddings", len(client.embeddings.create(model="embedding", input=["a cat"]).data[0].embedding) > 10)
check("completions", client.completions.create(model="light", prompt="One, two,", max_tokens=4).choices[0].text)
check("responses", client.responses.create(model="light", input="Say hello.", max_output_tokens=8).output_text)

claude = anthropic.Anthropic(base_url=url, api_key="none")
told = claude.messages.create(model="light", max_tokens=8, messages=[{"role": "user", "content": "Say hello."}])
check("anthropic messages", told.content[0].text, told.content[0].text)
with claude.messages.stream(model="light", max_tokens=8, messages=[{"role": "user", "content": "Hi"}]) as stream:
    check("anthropic stream", "".join(stream.text_stream))

# The call that this project began with.
decided = client.chat.completions.create(model="light", messages=[{"role": "user", "content": [
    {"type": "text", "text": "用户说：把这个表格发给李经理"},
    {"type": "image_url", "image_url": {"url": data_uri(picture)}}]}])
check("screenshot and words", decided.choices[0].message.content ==
      '{"action":"share","target":"current_table","recipient":"李经理"}', decided.choices[0].message.content)
check("the path is told", decided.yanxing["path"] == "elements", json.dumps(decided.yanxing, ensure_ascii=False))

heard = client.audio.transcriptions.create(model="whisper-1", file=open(sound, "rb"), language="zh")
check("transcription", heard.text, heard.text)
for form in ("text", "srt", "vtt"):
    check("transcription as " + form, client.audio.transcriptions.create(model="whisper-1", file=open(sound, "rb"),
                                                                         language="zh", response_format=form))
whole = client.audio.transcriptions.create(model="whisper-1", file=open(sound, "rb"), response_format="verbose_json")
check("transcription with segments", whole.segments and whole.duration > 0, whole.language)
deltas = [event.delta for event in client.audio.transcriptions.create(
    model="gpt-4o-transcribe", file=open(sound, "rb"), stream=True) if event.type == "transcript.text.delta"]
check("transcription stream", deltas)
check("translation", client.audio.translations.create(model="whisper-1", file=open(sound, "rb")).text)
for form, begin in (("wav", b"RIFF"), ("mp3", b""), ("opus", b"OggS"), ("flac", b"fLaC")):
    spoken = client.audio.speech.create(model="tts-1", voice="alloy", input="好的。", response_format=form).content
    check("speech as " + form, spoken.startswith(begin) and len(spoken) > 1000, str(len(spoken)))


async def realtime():
    import wave
    tools = [{"type": "function", "name": "share", "description": "Send a table to a person", "parameters": {
        "type": "object", "properties": {"target": {"type": "string", "x-kind": "element"},
                                         "recipient": {"type": "string", "x-kind": "contact"}},
        "required": ["target", "recipient"]}}]
    screen = {"size": [800, 600], "elements": [{"id": "current_table", "kind": "table", "name": "budget",
                                                "box": [0, 0, 100, 100]}]}
    source = wave.open(sound, "rb")
    rate, frames = source.getframerate(), source.readframes(source.getnframes())
    frames += b"\0" * rate * 2  # a second of silence ends the turn
    async with openai.AsyncOpenAI(base_url=url + "/v1", api_key="none").realtime.connect(model="light") as session:
        await session.session.update(session={"type": "realtime", "audio": {"input": {"format": {
            "type": "audio/pcm", "rate": rate}, "transcription": {"model": "whisper-1", "language": "zh"}}}})
        await session.send({"type": "session.update", "session": {"tools": tools, "yanxing": {
            "screen": screen, "contacts": [{"name": "李建国", "email": "x@example.com", "aliases": ["李经理"]}]}}})
        for at in range(0, len(frames), 6400):
            await session.input_audio_buffer.append(audio=base64.b64encode(frames[at:at + 6400]).decode())
        seen, call = [], None
        async for event in session:
            seen.append(event.type)
            if event.type == "conversation.item.input_audio_transcription.completed":
                check("realtime hears", event.transcript, event.transcript)
            if event.type == "response.function_call_arguments.done":
                call = event
            if event.type in ("response.done", "error"):
                break
        check("realtime tells of speech", "input_audio_buffer.speech_started" in seen, ",".join(dict.fromkeys(seen)))
        check("realtime calls", call and json.loads(call.arguments)["recipient"] == "李经理", call and call.arguments)
        if call:
            await session.conversation.item.create(item={"type": "function_call_output", "call_id": call.call_id,
                                                         "output": '{"status":"done"}'})
            await session.response.create()
            audio, words = 0, ""
            async for event in session:
                if event.type == "response.output_audio.delta":
                    audio += len(base64.b64decode(event.delta))
                if event.type == "response.output_audio_transcript.delta":
                    words += event.delta
                if event.type in ("response.done", "error"):
                    break
            check("realtime speaks", audio > 4800 and words, f"{audio} bytes, {words}")


asyncio.run(realtime())
sys.exit(1 if failed else 0)
