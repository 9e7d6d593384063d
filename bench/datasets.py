#!/usr/bin/env python3
"""Turns third-party development data into eval sets: one JSON line a row, as `yanxing eval` reads them.

  python3 bench/datasets.py --data ../shared/data --out DIR [--only coffee,ha_en]

A developer's tool, never used at run time; needs PyYAML. The sets stay outside the repository, because the licences
of the sources differ. Every conversion is plain and documented where it is made, so that a figure can be argued with.

Gold values: a value as it stands; {"any_of": [a, b, null]} accepts any of them, null meaning "may be left out".
"""
import argparse
import collections
import csv
import json
import random
import re
from pathlib import Path

import yaml

SETS = {}


def eval_set(make):
    SETS[make.__name__] = make
    return make


def read_json(path):
    return json.loads(path.read_text(encoding="utf-8"))


def read_lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def tool(name, description, properties, required=()):
    parameters = {"type": "object", "properties": properties, "required": list(required)}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


def tool_name(t):
    return t.get("function", t)["name"]


def action(name, arguments):
    """The flat form, or "arguments" where a parameter has the name of one of our own keys."""
    if set(arguments) & {"action", "actions", "arguments", "reply"}:
        return {"action": name, "arguments": arguments}
    return {"action": name, **arguments}


def gold_of(actions):
    return actions[0] if len(actions) == 1 else {"actions": actions}


def around(tools, kept, count, key):
    """`count` tools that hold those named in `kept`, the others drawn by `key`, in the order of `tools`."""
    others = [tool_name(t) for t in tools if tool_name(t) not in kept]
    drawn = set(kept) | set(random.Random(key).sample(others, max(0, min(len(others), count - len(kept)))))
    return [t for t in tools if tool_name(t) in drawn]


# --- speech with intents -----------------------------------------------------------------------------------------


@eval_set
def coffee(data, out):
    """Picovoice's coffee orders: one tool whose slots are the grammar's; labels carry stray spaces, which go."""
    folder = data / "audio_en/picovoice_coffee"
    grammar = yaml.safe_load((folder / "grammar_coffee_maker.yaml").read_text(encoding="utf-8"))["context"]["slots"]
    words = {"size": "Cup size", "roast": "Roast of the beans", "numberOfShots": "Number of espresso shots",
             "coffeeDrink": "The drink", "milkAmount": "Milk or cream, with the amount as said",
             "sugarAmount": "Sugar or sweetener, with the amount as said"}
    properties = {slot: {"type": "string", "enum": [v.strip() for v in values], "description": words[slot]}
                  for slot, values in grammar.items()}
    order = tool("orderDrink", "Orders a coffee drink", properties, ["coffeeDrink"])
    (out / "coffee_actions.json").write_text(json.dumps([order], indent=1), encoding="utf-8")
    for name, label in read_json(folder / "label.json").items():
        audio = folder / (Path(name).stem + ".flac")
        if audio.exists():
            slots = {slot: value.strip() for slot, value in label["slots"].items()}
            yield "coffee", {"id": audio.stem, "lang": "en", "audio": str(audio), "actions": "coffee_actions.json",
                             "action": action(label["intent"], slots)}


# --- Home Assistant ----------------------------------------------------------------------------------------------

INFERRED = {"domain", "device_class", "state", "media_class"}  # slots whose value is seldom among the words


def ha_entities(fixtures):
    by_domain = collections.defaultdict(list)
    for entity in fixtures["entities"]:
        domain = entity.get("domain") or entity["id"].split(".")[0]
        if entity["name"] not in by_domain[domain]:
            by_domain[domain].append(entity["name"])
    return by_domain


def ha_domains(intent, key):
    """Domains that the intent's slot combinations list under `key`, whatever their importance."""
    found = []
    for combination in intent.get("slot_combinations", {}).values():
        listed = combination.get(key) or {}
        for domains in listed.values() if isinstance(listed, dict) else [listed]:
            found += [d for d in domains if d not in found]
    return found


def ha_slot(slot, words, names, domains, classes, places):
    text = {"type": "string", "description": words.get("description", slot)}
    numbers = {"brightness": (0, 100, "integer"), "position": (0, 100, "integer"), "volume_level": (0, 100, "integer"),
               "temperature": (0, 100, "number")}
    enums = {"name": names, "area": places["areas"], "floor": places["floors"], "domain": domains,
             "device_class": classes, "color": places["colors"]}
    if slot == "media_class":
        listed = re.search(r"\((.*)\)", text["description"]).group(1).split(", ")
        return {"type": "string", "enum": listed, "description": "Type of media to search for"}
    if slot in numbers:
        low, high, kind = numbers[slot]
        return {**text, "type": kind, "minimum": low, "maximum": high}
    if re.search(r"(hours|minutes|seconds)$", slot):
        return {**text, "type": "integer", "minimum": 0}
    return {**text, "enum": enums[slot]} if enums.get(slot) else text


def ha_tools(intents, tests, fixtures, places, lean):
    """One tool an intent. The enum of "name" holds the entities of the domains the intent acts on."""
    entities = ha_entities(fixtures)
    tools = []
    for name, intent in intents.items():
        used = [t["slots"] for t in tests if t["intent"] == name]
        domains = sorted(set(ha_domains(intent, "inferred_domains")) | {s["domain"] for s in used if "domain" in s})
        own = intent["domain"]
        named = ha_domains(intent, "name_domains") or ([own] if own in entities else list(entities))
        names = [e for d in dict.fromkeys(named + domains) for e in entities.get(d, [])]
        names += sorted({s["name"] for s in used if "name" in s} - set(names))
        if lean and "all" in names:
            names.remove("all")
        if "Timer" in name or "List" in name:
            names = []  # the name of a timer or a list is free
        classes = sorted({s["device_class"] for s in used if "device_class" in s} |
                         {e["attributes"]["device_class"] for e in fixtures["entities"]
                          if e["id"].split(".")[0] in domains and "device_class" in e.get("attributes", {})})
        slots = {s: w for s, w in (intent.get("slots") or {}).items() if not (lean and s in INFERRED - {"media_class"})}
        properties = {s: ha_slot(s, w, list(dict.fromkeys(names)), domains, classes, places) for s, w in slots.items()}
        if not lean and "state" in properties and used:
            properties["state"]["enum"] = sorted({s["state"] for s in used if "state" in s})
        tools.append(tool(name, intent["description"], properties, [s for s, w in slots.items() if w.get("required")]))
    return tools


def ha_tests(folder):
    for path in sorted(folder.glob("**/*.yaml")):
        if path.name == "_fixtures.yaml":
            continue
        for number, test in enumerate(yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]):
            intent = test.get("intent") or {"name": path.parent.name, "slots": test.get("slots")}
            yield {"id": f"{path.relative_to(folder).with_suffix('')}/{number}", "intent": intent["name"],
                   "slots": intent.get("slots") or {}, "context": intent.get("context") or {},
                   "sentences": test["sentences"]}


@eval_set
def ha_en(data, out):
    """Home Assistant's English tests. An area that comes from where the satellite stands, not from the words, is
    not expected. ha_en has domain, device_class and state as slots, as intents.yaml lists them; ha_en_lean leaves
    them (and the name "all") out: which device, where, which value. *_12 offers 12 tools instead of all."""
    root = data / "text/home_assistant"
    intents = yaml.safe_load((root / "intents.yaml").read_text(encoding="utf-8"))
    fixtures = yaml.safe_load((root / "tests/en/_fixtures.yaml").read_text(encoding="utf-8"))
    common = yaml.safe_load((root / "sentences/en/_common.yaml").read_text(encoding="utf-8"))
    tests = list(ha_tests(root / "tests/en"))
    for path in sorted((root / "tests/en").glob("*/*.yaml")):  # small files bring entities of their own
        fixtures["entities"] += [{"id": e.get("domain", "") + ".x", **e}
                                 for e in yaml.safe_load(path.read_text(encoding="utf-8")).get("entities", [])]
    places = {"areas": [a["name"] for a in fixtures["areas"]], "floors": [f["name"] for f in fixtures["floors"]],
              "colors": [c if isinstance(c, str) else c["out"] for c in common["lists"]["color"]["values"]]}
    for lean in (False, True):
        name = "ha_en_lean" if lean else "ha_en"
        tools = ha_tools(intents, tests, fixtures, places, lean)
        (out / f"{name}_actions.json").write_text(json.dumps(tools, indent=1), encoding="utf-8")
        known = {tool_name(t): t["function"]["parameters"]["properties"] for t in tools}
        for test in tests:
            for i, sentence in enumerate(test["sentences"]):
                said = sentence.lower()
                slots = {s: v for s, v in test["slots"].items() if s in known[test["intent"]] and
                         not (s in test["context"] and str(v).lower() not in said) and not (lean and v == "all")}
                row = {"id": f"{test['id']}/{i}", "lang": "en", "transcript": sentence,
                       "action": action(test["intent"], slots)}
                yield name, {**row, "actions": f"{name}_actions.json"}
                yield f"{name}_12", {**row, "actions": around(tools, [test["intent"]], 12, row["id"])}


# --- function calling --------------------------------------------------------------------------------------------


def bfcl_value(accepted):
    """A list of acceptable values; "" among them means that the argument may be left out."""
    accepted = [None if v == "" else bfcl_nested(v) for v in accepted]
    return accepted[0] if len(accepted) == 1 and accepted[0] is not None else {"any_of": accepted}


def bfcl_nested(value):
    if isinstance(value, dict):  # members of an object are lists of acceptable values, too
        return {k: bfcl_value(v) if isinstance(v, list) else v for k, v in value.items()}
    if isinstance(value, list) and any(isinstance(v, dict) for v in value):
        return [bfcl_nested(v) for v in value]
    return value


@eval_set
def bfcl(data, out):
    """BFCL's static single-turn parts. Parallel calls count in any order, as in its own checker."""
    folder = data / "text/bfcl/berkeley-function-call-leaderboard/bfcl_eval/data"
    for part in ("simple_python", "multiple", "parallel", "parallel_multiple", "irrelevance"):
        answers = folder / f"possible_answer/BFCL_v4_{part}.json"
        truth = {a["id"]: a["ground_truth"] for a in read_lines(answers)} if answers.exists() else {}
        for row in read_lines(folder / f"BFCL_v4_{part}.json"):
            gold = {"action": "none"}
            if row["id"] in truth:
                calls = [(name, args) for call in truth[row["id"]] for name, args in call.items()]
                gold = gold_of([action(n, {k: bfcl_value(v) for k, v in args.items()}) for n, args in calls])
            if "actions" in gold:
                gold["order"] = "any"
            yield f"bfcl_{part.removesuffix('_python')}", {
                "id": row["id"], "lang": "en", "transcript": row["question"][0][-1]["content"],
                "actions": row["function"], "action": gold}


def ace_calls(truth, known):
    """{"name": {…}} or a list of such; a second call of one function is numbered in the source ("name_2")."""
    for call in truth if isinstance(truth, list) else [truth]:
        for name, arguments in call.items():
            yield name if name in known else re.sub(r"_\d+$", "", name), arguments


@eval_set
def acebench(data, out):
    """ACEBench English, where one request stands alone: normal atom_*, single_turn_*, similar_api, and the requests
    that no function serves. Dialogues, profiles, and gold that asks back are not representable as one decision. The
    date that goes with a question stays in "note": an answer that needs it cannot be right."""
    folder = data / "text/acebench/data_all/data_en"
    parts = [p.stem.removeprefix("data_") for p in sorted(folder.glob("data_normal_*.json"))
             if re.search("atom|single_turn|similar_api", p.stem)]
    for part in parts + ["special_irrelevant"]:
        truth = {a["id"]: a["ground_truth"] for a in read_lines(folder / f"possible_answer/data_{part}.json")}
        for row in read_lines(folder / f"data_{part}.json"):
            if "system:" in row["question"]:
                continue
            tools = [{"name": f["name"], "description": f["description"],
                      "parameters": f.get("parameters") or f.get("arguments") or {"type": "object"}} for f in row["function"]]
            known = {t["name"] for t in tools}
            gold = {"action": "none"}
            if part != "special_irrelevant":
                calls = list(ace_calls(truth[row["id"]], known))
                if any(name not in known for name, _ in calls):
                    continue
                gold = gold_of([action(n, a) for n, a in calls])
            if "actions" in gold:
                gold["order"] = "any"
            yield "acebench_en", {"id": row["id"], "lang": "en", "transcript": row["question"].removeprefix("user:").strip(),
                                  "actions": tools, "action": gold, "note": row.get("time", "")}


def words_of(name):
    """orderDrink, order_drink → order drink"""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", name).lower()


@eval_set
def snips(data, out):
    """SNIPS's validation sentences, 42 an intent: intents as tools, slots as optional texts, values as said."""
    folder = data / "text/snips/2017-06-custom-intent-engines"
    rows, slots = [], collections.defaultdict(dict)
    for path in sorted(folder.glob("*/validate_*.json")):
        intent = path.parent.name
        for i, row in enumerate(read_json(path)[intent]):
            named = [(part["entity"], part["text"].strip()) for part in row["data"] if "entity" in part]
            slots[intent].update({s: {"type": "string", "description": words_of(s)} for s, _ in named})
            if len({s for s, _ in named}) == len(named):  # a slot that is filled twice has no one value
                rows.append((intent, {"id": f"{intent}/{i}", "lang": "en", "actions": "snips_actions.json",
                                      "transcript": "".join(p["text"] for p in row["data"]).strip(),
                                      "action": action(intent, dict(named))}))
    tools = [tool(name, words_of(name).capitalize(), properties) for name, properties in slots.items()]
    (out / "snips_actions.json").write_text(json.dumps(tools, indent=1), encoding="utf-8")
    for intent in slots:
        for _, row in random.Random(intent).sample([r for r in rows if r[0] == intent], 42):
            yield "snips", row


@eval_set
def slurp_devel(data, out):
    """400 of SLURP's devel sentences, 12 of its scenario_action intents as tools a row. Small talk (general_quirky,
    general_greet) is no intent to act: gold none. Sentences that fill one slot twice are left out."""
    rows, slots = [], collections.defaultdict(dict)
    for row in read_lines(data / "text/slurp/dataset/slurp/devel.jsonl"):
        intent = f"{row['scenario']}_{row['action']}"
        named = re.findall(r"\[(\w+) : ([^\]]+)\]", row["sentence_annotation"])
        slots[intent].update({s: {"type": "string", "description": words_of(s)} for s, _ in named})
        if len({s for s, _ in named}) == len(named):
            rows.append((intent, dict((s, v.strip()) for s, v in named), row))
    talk = {"general_quirky", "general_greet"}
    tools = [tool(name, words_of(name).capitalize(), slots[name]) for name in sorted(slots) if name not in talk]
    for intent, named, row in random.Random("slurp").sample(rows, 400):
        gold = action("none", {}) if intent in talk else action(intent, named)
        kept = [] if intent in talk else [intent]
        yield "slurp_devel", {"id": str(row["slurp_id"]), "lang": "en", "transcript": row["sentence"],
                              "actions": around(tools, kept, 12, row["sentence"]), "action": gold}


# --- speech with its words ---------------------------------------------------------------------------------------


@eval_set
def recordings(data, out):
    """Recordings whose gold is the transcript: one set a folder. Rows flagged as pseudo-labelled, synthetic or
    without words keep the flag in "note"."""
    with (data / "MANIFEST.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    for row in rows:
        kind, _, rest = row["file"].partition("/")
        if not kind.startswith("audio_") or "picovoice" in rest or row["transcript_or_gold"].startswith("{"):
            continue
        lang = kind.removeprefix("audio_")
        group = {"speechocean762_zhL1": "speechocean"}.get(rest.split("/")[0], rest.split("/")[0])
        note = " ".join(filter(None, [row["kind"], row["flags"]]))
        yield f"{group}_{lang}" if group == "misc" else group, {
            "id": Path(rest).stem, "lang": lang, "audio": str(data / row["file"]), "text": row["transcript_or_gold"],
            "note": note}


@eval_set
def aishell_cmd_known(data, out):
    """The same commands heard by a machine that knows the names in them (a playlist, a map's places), as it would
    in use: the names of all rows are one closed set, so that each is among the others' temptations. Digits and
    temperatures are not names."""
    rows = [row for group, row in recordings(data, out) if group == "aishell_cmd"]
    names = {re.sub("^(想听歌曲|来一首歌曲)", "", row["text"]) for row in rows
             if not re.search("digits|appliance", row["note"])}
    known = [tool("name", "", {"name": {"type": "string", "enum": sorted(names)}})]
    for row in rows:
        yield "aishell_cmd_known", row | {"actions": known}


# --- screens -----------------------------------------------------------------------------------------------------


def midscene_screen(folder, title):
    """The DOM snapshot as a screen; names as a user reads them, else what a screen reader would say."""
    nodes = read_json(folder / "element-snapshot.json")
    kinds = {"TEXT Node": "text", "FORM_ITEM Node": "field", "IMG Node": "image", "BUTTON Node": "button"}
    elements = []
    for i, node in enumerate(nodes):
        about, rect = node["attributes"], node["rect"]
        kind = kinds.get(node["nodeType"], "other")
        if kind == "text" and about["htmlTagName"] == "<a>":
            kind = "link"
        if about.get("type") in ("checkbox", "radio"):
            kind = about["type"]
        name = next((n for n in (node["content"], about.get("placeholder"), about.get("aria-label"), about.get("alt")) if n), "")
        elements.append({"id": f"e{i}", "kind": kind, "name": name if kind not in ("checkbox", "radio") else "",
                         "box": [rect["left"], rect["top"], rect["width"], rect["height"]]})
    return {"size": [nodes[0]["screenWidth"], nodes[0]["screenHeight"]], "app": "browser", "title": title, "elements": elements}


@eval_set
def screens(data, out):
    """Midscene's reviewed locator cases: where a click must land (gold_box). A prompt that is a noun phrase gets
    "click"/"点击" in front. screens_elements has the DOM as elements, screens_picture the screenshot alone."""
    root = data / "screens/midscene"
    target = {"type": "string", "description": "The element on the screen", "x-kind": "element"}
    tools = [tool("click", "Clicks an element on the screen", {"target": target}, ["target"]),
             tool("type_text", "Types a text into a field on the screen",
                  {"target": target, "text": {"type": "string", "description": "The text"}}, ["target", "text"]),
             tool("scroll", "Scrolls the screen", {"direction": {"type": "string", "enum": ["up", "down"]}}, ["direction"])]
    for path in sorted((root / "page-cases/inspect").glob("*.json")):
        cases = read_json(path)
        page = root / "page-data" / cases["testDataPath"]
        for i, case in enumerate(cases["testCases"]):
            words, rect = case["prompt"].strip(), case["response_rect"]
            chinese = re.search("[\u4e00-\u9fff]", words) is not None
            gold = {"action": "click"}
            if typed := re.match(r"Input '(.*?)'", words):
                gold = {"action": "type_text", "text": typed[1]}
            elif words.startswith("Input "):
                continue  # the current time: no fixed text
            elif not words.startswith("点击"):
                words = f"点击{words}" if chinese else f"click {words[0].lower()}{words[1:]}"
            row = {"id": f"{page.name}/{i}", "lang": "zh" if chinese else "en", "transcript": words, "actions": tools,
                   "action": gold, "gold_box": [rect["left"], rect["top"], rect["width"], rect["height"]]}
            yield "screens_elements", {**row, "screen": midscene_screen(page, page.name)}
            yield "screens_picture", {**row, "screenshot": str(page / "input.png")}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", help=f"comma-separated, of: {', '.join(SETS)}")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    files, counts = {}, collections.Counter()
    for name in options.only.split(",") if options.only else SETS:
        for target, row in SETS[name](options.data.resolve(), options.out):
            if target not in files:
                files[target] = (options.out / f"{target}.jsonl").open("w", encoding="utf-8")
            files[target].write(json.dumps(row, ensure_ascii=False) + "\n")
            counts[target] += 1
    for target, file in files.items():
        file.close()
        print(f"{counts[target]:6} {target}")


if __name__ == "__main__":
    main()
