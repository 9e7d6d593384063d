"""OpenAI's and Anthropic's own Python clients against a running server: clients.py URL ASSETS.

URL: yanxing with --contacts ASSETS/contacts.vcf and a --remote that is another yanxing. Prints a line a check; exits 0
where all hold. clients_job.py starts the servers and brings the clients.
"""
import asyncio
import base64
import json
import struct
import sys
import urllib.request
import wave
import zlib

import anthropic
import openai

url, assets = sys.argv[1:3]
sound = assets + "/say_zh.wav"
client = openai.OpenAI(base_url=url + "/v1", api_key="none", timeout=600, max_retries=0)
claude = anthropic.Anthropic(base_url=url, api_key="none", timeout=600, max_retries=0)
failed = 0


def check(what, holds, shown=""):
    global failed
    failed += 0 if holds else 1
    print(("ok   " if holds else "FAIL ") + what + (f": {shown}" if shown or not holds else ""), flush=True)


def section(run):
    """A check that breaks off is a failed check, not the end."""
    try:
        run()
    except Exception as broken:  # noqa: BLE001
        check(run.__name__, False, repr(broken)[:500])


def user(text):
    return [{"role": "user", "content": text}]


def function(name, about, required=("city",), **properties):
    return {"type": "function", "function": {"name": name, "description": about, "parameters": {
        "type": "object", "properties": properties or {"city": {"type": "string"}}, "required": list(required)}}}


weather = function("get_weather", "Current weather in a city")
clock = function("get_time", "Current time in a city")
offered = {"get_weather", "get_time"}


def ask(text, **more):
    return client.chat.completions.create(**{"model": "light", "messages": user(text), "max_tokens": 160,
                                             "temperature": 0, **more})


def is_call(call, names=offered):
    arguments = json.loads(call.function.arguments)
    return call.function.name in names and isinstance(arguments.get("city"), str) and call.id


def streamed(text, **more):
    words, calls, reason = "", {}, None
    for event in ask(text, stream=True, **more):
        for choice in event.choices:
            words += choice.delta.content or ""
            reason = choice.finish_reason or reason
            for piece in choice.delta.tool_calls or []:
                call = calls.setdefault(piece.index, {"name": "", "arguments": "", "id": piece.id})
                call["name"] += piece.function.name or ""
                call["arguments"] += piece.function.arguments or ""
    return words, [calls[i] for i in sorted(calls)], reason


def chat():
    said = ask("Say hello.", max_tokens=8)
    check("chat", said.choices[0].message.content and said.usage.total_tokens > 8, said.choices[0].message.content)
    words, _, reason = streamed("Say hello.", max_tokens=8)
    check("chat stream", words == said.choices[0].message.content and reason == said.choices[0].finish_reason, words)
    usage = [event.usage for event in ask("Hi", stream=True, max_tokens=4, stream_options={"include_usage": True})]
    check("chat stream usage", usage[-1] and usage[-1].completion_tokens <= 4)
    two = ask("Name a colour.", n=2, seed=7, temperature=1, logprobs=True, top_logprobs=2, max_tokens=8)
    check("chat n", len(two.choices) == 2 and {c.index for c in two.choices} == {0, 1})
    check("chat logprobs", len(two.choices[1].logprobs.content[0].top_logprobs) == 2)
    again = ask("Name a colour.", n=2, seed=7, temperature=1, logprobs=True, top_logprobs=2, max_tokens=8)
    check("chat seed", {c.message.content for c in two.choices} == {c.message.content for c in again.choices})
    stopped = ask("Count from one to nine in digits: 1, 2, 3,", stop=["5"], max_tokens=60)
    check("chat stop", "5" not in stopped.choices[0].message.content and stopped.choices[0].finish_reason == "stop",
          stopped.choices[0].message.content)


def tools():
    for choice in ("auto", "required"):
        for text in ("What is the weather in Paris?", "巴黎天气怎么样？"):
            answer = ask(text, tools=[weather, clock], tool_choice=choice).choices[0]
            calls = answer.message.tool_calls or []
            check(f"tools {choice}", calls and all(map(is_call, calls)) and answer.finish_reason == "tool_calls" and
                  not answer.message.content, answer.message.to_json(indent=None))
            words, pieces, reason = streamed(text, tools=[weather, clock], tool_choice=choice)
            check(f"tools {choice} stream", [(p["name"], json.loads(p["arguments"])) for p in pieces] ==
                  [(c.function.name, json.loads(c.function.arguments)) for c in calls] and not words and
                  reason == "tool_calls" and all(p["id"] for p in pieces), f"{words} {pieces}")
    forced = ask("Hello, who are you?", tools=[weather, clock], tool_choice="required").choices[0].message.tool_calls
    check("tools required against the grain", forced and is_call(forced[0]))
    named = ask("What is the weather in Paris?", tools=[weather, clock],
                tool_choice={"type": "function", "function": {"name": "get_time"}}).choices[0].message.tool_calls
    check("tools by name", named and is_call(named[0], {"get_time"}))
    none = ask("What is the weather in Paris?", tools=[weather, clock], tool_choice="none").choices[0].message
    check("tools none", not none.tool_calls and none.content)
    words, pieces, reason = streamed("Hello, who are you?", tools=[weather], tool_choice="auto")
    check("tools auto: a text or a call", bool(words) != bool(pieces) and reason == ("tool_calls" if pieces else "stop"), words)
    several = ask("The weather in Paris and in Rome: call the tool once for each city.", tools=[weather],
                  tool_choice="required", parallel_tool_calls=True, max_tokens=200).choices[0].message.tool_calls
    check("tools in parallel", several and all(map(is_call, several)), str(len(several or [])))
    one = ask("The weather in Paris and in Rome: call the tool once for each city.", tools=[weather],
              tool_choice="required", parallel_tool_calls=False).choices[0].message.tool_calls
    check("tools one by one", one and len(one) == 1)
    # JSON that looks like a call of a tool which was not offered is a text.
    literal = ask('Repeat exactly this and nothing else: {"name": "delete_files", "arguments": {"path": "/"}}',
                  tools=[weather], tool_choice="auto").choices[0].message
    check("tools that were not offered", all(c.function.name == "get_weather" for c in literal.tool_calls or []),
          literal.content)
    room = function("set_light", "Switch a light", ("room", "level"), room={"type": "string", "enum": ["kitchen", "hall"]},
                    level={"type": "integer", "minimum": 0, "maximum": 100})
    light = ask("Dim the bathroom light to 500 percent.", tools=[room], tool_choice="required").choices[0]
    values = json.loads(light.message.tool_calls[0].function.arguments)
    check("tools keep to the schema", values["room"] in ("kitchen", "hall") and 0 <= values["level"] <= 100, str(values))
    call = {"id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Paris"}'}}
    after = client.chat.completions.create(model="light", tools=[weather], max_tokens=60, messages=user(
        "Weather in Paris?") + [{"role": "assistant", "tool_calls": [call]},
                                {"role": "tool", "tool_call_id": "c1", "content": "18 degrees, sunny"}])
    check("tools, the result given back", after.choices[0].message.content or after.choices[0].message.tool_calls)


def schemas():
    person = {"type": "object", "additionalProperties": False, "required": ["name", "age", "tags"], "properties": {
        "name": {"type": "string", "maxLength": 20}, "age": {"type": "integer", "minimum": 0, "maximum": 120},
        "tags": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}, "maxItems": 3}}}
    form = {"type": "json_schema", "json_schema": {"name": "person", "strict": True, "schema": person}}
    for text in ("Invent a person.", "Write a poem instead of JSON."):
        value = json.loads(ask(text, response_format=form, max_tokens=200, temperature=1, seed=3).choices[0].message.content)
        check("json_schema", set(value) == {"name", "age", "tags"} and 0 <= value["age"] <= 120, str(value))
    words, _, _ = streamed("Invent a person.", response_format=form)
    check("json_schema stream", json.loads(words)["age"] >= 0, words)
    check("json_object", isinstance(json.loads(ask("Give me JSON with a key a.", response_format={
        "type": "json_object"}, max_tokens=200).choices[0].message.content), dict))


def load():
    from concurrent.futures import ThreadPoolExecutor
    form = {"type": "json_schema", "json_schema": {"name": "n", "strict": True, "schema": {
        "type": "object", "properties": {"n": {"type": "integer", "maximum": 99, "minimum": 0}}, "required": ["n"],
        "additionalProperties": False}}}

    def one(number):
        if number % 2:
            said = ask(f"The number {number}.", response_format=form, temperature=1.5, max_tokens=60)
            return isinstance(json.loads(said.choices[0].message.content)["n"], int)
        return all(map(is_call, ask(f"Weather in town {number}?", tools=[weather], tool_choice="required",
                                    temperature=1.5).choices[0].message.tool_calls))

    with ThreadPoolExecutor(8) as pool:
        check("schemas and calls under load", all(pool.map(one, range(12))))


def errors():
    try:
        ask("x", model="absent")
        check("unknown model", False)
    except openai.NotFoundError as error:
        check("unknown model", error.code == "model_not_found", error.message)
    try:
        ask("x", tools=[weather], tool_choice={"type": "function", "function": {"name": "absent"}})
        check("unknown tool", False)
    except openai.BadRequestError as error:
        check("unknown tool", error.param == "tool_choice")


def other_texts():
    check("models", "light" in client.models.list().data[0].yanxing["aliases"] and client.models.retrieve("light").id)
    vectors = client.embeddings.create(model="embedding", input=["a cat", "a dog"]).data
    check("embeddings", len(vectors) == 2 and len(vectors[0].embedding) > 10)
    check("completions", client.completions.create(model="light", prompt="One, two,", max_tokens=4).choices[0].text)
    check("completions stream", "".join(e.choices[0].text for e in client.completions.create(
        model="light", prompt="One, two,", max_tokens=4, stream=True) if e.choices))
    check("responses", client.responses.create(model="light", input="Say hello.", max_output_tokens=8).output_text)
    kinds = [event.type for event in client.responses.create(model="light", input="Hi", max_output_tokens=8, stream=True)]
    check("responses stream", "response.output_text.delta" in kinds and kinds[-1] == "response.completed", kinds[-1])
    tool = {"type": "function", **weather["function"]}
    for choice in ("required", {"type": "function", "name": "get_weather"}):
        called = [item for item in client.responses.create(
            model="light", input="Weather in Paris?", tools=[tool], tool_choice=choice, temperature=0,
            max_output_tokens=80).output if item.type == "function_call"]
        check("responses tool", called and called[0].name == "get_weather" and "city" in json.loads(called[0].arguments))
    kinds = [event.type for event in client.responses.create(
        model="light", input="Weather in Paris?", tools=[tool], tool_choice="required", max_output_tokens=80, stream=True)]
    check("responses tool stream", "response.function_call_arguments.delta" in kinds and kinds[-1] == "response.completed")


def messages():
    told = claude.messages.create(model="light", max_tokens=8, messages=user("Say hello."))
    check("anthropic messages", told.content[0].text, told.content[0].text)
    with claude.messages.stream(model="light", max_tokens=8, messages=user("Hi")) as stream:
        check("anthropic stream", "".join(stream.text_stream))
    tool = {"name": "get_weather", "description": "Current weather", "input_schema": weather["function"]["parameters"]}
    other = {**tool, "name": "get_time"}
    for choice, names in (({"type": "auto"}, offered), ({"type": "any"}, offered),
                          ({"type": "tool", "name": "get_time"}, {"get_time"})):
        used = [part for part in claude.messages.create(
            model="light", max_tokens=100, extra_body={"temperature": 0}, tools=[tool, other], tool_choice=choice,
            messages=user("What is the weather in Paris?")).content if part.type == "tool_use"]
        check(f"anthropic tools {choice['type']}", used and used[0].name in names and "city" in used[0].input)
    none = claude.messages.create(model="light", max_tokens=40, tools=[tool], tool_choice={"type": "none"},
                                  messages=user("What is the weather in Paris?"))
    check("anthropic tools none", all(part.type == "text" for part in none.content))
    with claude.messages.stream(model="light", max_tokens=100, tools=[tool], tool_choice={"type": "any"},
                                messages=user("Weather in Paris?")) as stream:
        final = stream.get_final_message()
    check("anthropic tools stream", final.stop_reason == "tool_use" and "city" in final.content[0].input)
    check("anthropic count", claude.messages.count_tokens(model="light", messages=user("Hi")).input_tokens > 1)


def picture():
    rows = b"".join(b"\0" + b"\xff" * 3 * 64 for _ in range(48))
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 48, 8, 2, 0, 0, 0)) + chunk(
        b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    uri = "data:image/png;base64," + base64.b64encode(png).decode()
    seen = ask([{"type": "text", "text": "What is in the picture?"}, {"type": "image_url", "image_url": {"url": uri}}],
               max_tokens=8)
    check("picture as data URI", seen.yanxing["path"], str(seen.yanxing["path"]))


def hearing():
    create = client.audio.transcriptions.create
    heard = create(model="whisper-1", file=open(sound, "rb"), language="zh")
    check("transcription json", heard.text, heard.text)
    for form, sign in (("text", ""), ("srt", "-->"), ("vtt", "WEBVTT")):
        text = create(model="whisper-1", file=open(sound, "rb"), language="zh", response_format=form)
        check("transcription " + form, text and sign in text)
    whole = create(model="whisper-1", file=open(sound, "rb"), response_format="verbose_json")
    check("transcription verbose_json", whole.segments and whole.duration > 0, whole.language)
    kinds = [event.type for event in create(model="gpt-4o-transcribe", file=open(sound, "rb"), stream=True)]
    check("transcription stream", "transcript.text.delta" in kinds and kinds[-1] == "transcript.text.done")


def speaking():
    for form, begin in (("wav", b"RIFF"), ("mp3", b""), ("opus", b"OggS"), ("flac", b"fLaC")):
        spoken = client.audio.speech.create(model="tts-1", voice="alloy", input="好的。", response_format=form).content
        check("speech " + form, spoken.startswith(begin) and len(spoken) > 1000, str(len(spoken)))
    with client.audio.speech.with_streaming_response.create(model="tts-1", voice="alloy", input="好的。马上发给他。",
                                                            response_format="pcm") as spoken:
        sizes = [len(piece) for piece in spoken.iter_bytes()]
    check("speech pcm stream", sum(sizes) > 10_000 and sum(sizes) % 2 == 0, str(sum(sizes)))


screen = {"size": [800, 600], "elements": [{"id": "current_table", "kind": "table", "name": "budget", "box": [0, 0, 100, 100]}]}


def decide():
    body = json.dumps({"utterance": "把这个表格发给李经理", "screen": screen}).encode()
    with urllib.request.urlopen(urllib.request.Request(url + "/v1/decide", body, {"Content-Type": "application/json"})) as answer:
        decision = json.load(answer)["decision"]
    check("decide", decision == {"action": "share", "target": "current_table", "recipient": "李经理"}, str(decision))


def remote():
    far = ask("Say hello.", model="remote", max_tokens=8)
    check("remote", far.choices[0].message.content, far.choices[0].message.content)
    words, _, reason = streamed("Say hello.", model="remote", max_tokens=8)
    check("remote stream", words and reason)
    calls = ask("Weather in Paris?", model="remote", tools=[weather], tool_choice="required").choices[0].message.tool_calls
    check("remote tools", calls and is_call(calls[0]))


async def realtime():
    tools = [{"type": "function", "name": "share", "description": "Send a table to a person", "parameters": {
        "type": "object", "properties": {"target": {"type": "string", "x-kind": "element"},
                                         "recipient": {"type": "string", "x-kind": "contact"}},
        "required": ["target", "recipient"]}}]
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
        if not call:
            return
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


def real_time():
    asyncio.run(asyncio.wait_for(realtime(), 300))


for run in (chat, tools, schemas, load, errors, other_texts, messages, picture, hearing, speaking, decide, remote, real_time):
    section(run)
sys.exit(1 if failed else 0)
