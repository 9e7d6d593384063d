#include "action/registry.h"

#include "bench.h"
#include "support/source.h"

namespace yanxing::action {
namespace {

namespace fs = std::filesystem;

const fs::path kSource = test::source(".");

std::string problem_of(const std::string &content) {
  const TemporaryFolder folder;
  const auto registry = Registry::load(folder.write("lamp.json", content));
  return registry ? "" : registry.error().what;
}

TEST(Registry, ShippedActionsLoadAndSpeakBothLanguages) {
  const auto registry = Registry::load(kSource / "actions");
  ASSERT_TRUE(registry) << registry.error().message();
  ASSERT_NE(registry->find("share"), nullptr);
  EXPECT_EQ(registry->find("share")->risk, Risk::kConfirm);
  EXPECT_EQ(registry->find("share")->find("target")->kind, ParameterKind::kElement);
  EXPECT_EQ(registry->find("share")->find("recipient")->kind, ParameterKind::kContact);
  const auto executors = make_all_executors();
  for (const auto &spec : registry->actions()) {
    EXPECT_FALSE(spec.description.zh.empty() || spec.description.en.empty()) << spec.name;
    EXPECT_FALSE(spec.say.zh.empty() || spec.say.en.empty()) << spec.name;
    const auto way = "builtin:" + string_or_empty(spec.run, "builtin");
    const bool known = std::any_of(executors.begin(), executors.end(), [&](const auto &e) { return e->name() == way; });
    EXPECT_TRUE(known || way == "builtin:undo") << spec.name << " runs as " << way;
  }
}

TEST(Registry, TakesOpenAiToolsAndOtherSpellingsOfTypes) {
  const auto tools = Json::parse(R"([
    {"type":"function","risk":"confirm","function":{"name":"a","description":"打开灯","parameters":{"type":"dict",
     "properties":{"x":{"type":"float"},"y":{"type":"tuple"},"z":{"type":"any"},"d":{"type":"dict"}},"required":["x"]}}},
    {"name":"b","description":{"zh":"甲","en":"A"}}])");
  const auto registry = Registry::from_json(tools, "tools");
  ASSERT_TRUE(registry) << registry.error().message();
  const auto *a = registry->find("a");
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(a->risk, Risk::kConfirm);
  EXPECT_EQ(a->find("x")->type, "number");
  EXPECT_TRUE(a->find("x")->required);
  EXPECT_EQ(a->find("y")->type, "array");
  EXPECT_EQ(a->find("z")->type, "string");
  EXPECT_EQ(a->find("d")->type, "object");
  EXPECT_EQ(a->description.zh, "打开灯");
  EXPECT_TRUE(registry->find("b")->parameters.empty());
}

TEST(Registry, MalformedFilesNameTheLineAndWhatWasExpected) {
  struct Case {
    std::string content;
    std::string says;
  };
  const std::vector<Case> cases{
      {"{\n\"name\": \"x\",\n", "lamp.json:"},
      {"{\n\"description\": \"x\"}", "needs a \"name\""},
      {"{\n\"name\": \"x\",\n\"risk\": \"maybe\"}", "lamp.json:3: \"risk\" must be \"safe\""},
      {"{\n\"name\": \"x\",\n\"parameters\": {\"properties\": {\n\"room\": {\"x-kind\": \"place\"}}}}",
       "lamp.json:4: parameter \"room\""},
      {"{\n\"name\": \"x\",\n\"parameters\": {\"properties\": {},\n\"required\": [\"room\"]}}",
       "lamp.json:4: \"required\" names \"room\""},
      {"{\n\"name\": \"x\",\n\"run\": {\"shell\": \"ls\"}}", "lamp.json:3: \"run\" must be"},
      {"{\n\"name\": \"x\",\n\"run\": {\"command\": \"ls\"}}", "must be a list of texts"},
      {"{\"name\": \"x\",\n\"run\": {\"http\": {\"url\": \"file:///etc/passwd\"}}}", "begins with http"},
      {"{\"name\": \"x\",\n\"run\": {\"http\": {\n\"url\": \"http://{host}/\"}}}", "lamp.json:3: the host"},
      {"{\"name\": \"x\", \"run\": {\"mqtt\": {\"topic\": \"home/#\"}}}", "without + and #"},
      {"{\"name\": \"x\", \"run\": {\"command\": [\"lamp\", \"{rom}\"]}}", "{rom}"},
      {"{\"name\": \"x\",\n\"riks\": \"confirm\", \"run\": {\"builtin\": \"share\"}}",
       "lamp.json:2: there is no key \"riks\""},
      {"[{\"name\": \"x\"},\n{\"name\": \"x\"}]", "stands twice"},
      {"{\"name\": \"none\"}", "cannot be the name"},
      {"[1]", "must be an object"},
      {"[]", "holds no actions"}};
  for (const auto &[content, says] : cases) {
    EXPECT_NE(problem_of(content).find(says), std::string::npos) << content << "\n→ " << problem_of(content);
  }
}

TEST(Registry, AFolderNamesTheFileThatRepeatsAnAction) {
  const TemporaryFolder folder;
  folder.write("a.json", R"({"name":"lamp"})");
  folder.write("b.json", R"({"name":"lamp"})");
  const auto registry = Registry::load(folder.path());
  ASSERT_FALSE(registry);
  EXPECT_NE(registry.error().what.find("b.json"), std::string::npos);
  EXPECT_FALSE(Registry::load(folder.path() / "absent"));
}

} // namespace
} // namespace yanxing::action
