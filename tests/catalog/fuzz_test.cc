// Models, packages and index pages as they may come from the network.
#include "catalog/archive.h"
#include "catalog/catalog.h"
#include "catalog/ct2_model.h"
#include "catalog/ct2_to_ggml.h"
#include "catalog/index.h"
#include "package_archive.h"
#include "small_whisper.h"

#include "support/fuzz.h"

namespace yanxing::catalog {
namespace {

namespace fs = std::filesystem;

TEST(DamagedModel, Table) {
  const fuzz::Scratch scratch;
  fuzz::survives(SmallWhisper().bytes(), fuzz::Form::kBytes, [&](const std::string &bytes) {
    auto model = Ct2Model::open(scratch.write("model.bin", bytes));
    if (!fuzz::told(model)) {
      return;
    }
    fuzz::told(model->integer("encoder/num_heads"));
    for (const auto *name : {"decoder/embeddings/weight", "encoder/conv1/weight"}) {
      if (const auto *tensor = model->find(name)) {
        EXPECT_LE(tensor->bytes, bytes.size());
        const auto numbers = model->floats(*tensor, 0, tensor->elements());
        EXPECT_TRUE(!fuzz::told(numbers) || numbers->size() == tensor->elements());
      }
    }
  });
}

TEST(DamagedModel, Conversion) {
  const fuzz::Scratch scratch;
  const auto tokenizer = scratch.write("tokenizer.json", kSmallTokenizer);
  const auto out = scratch.path() / "out.bin";
  fuzz::survives(SmallWhisper().bytes(), fuzz::Form::kBytes, [&](const std::string &bytes) {
    fs::remove(out);
    const bool made = fuzz::told(ct2_to_ggml(scratch.write("model.bin", bytes), tokenizer, out));
    EXPECT_EQ(made, fs::exists(out));
  });
}

TEST(DamagedModel, Tokenizer) {
  const fuzz::Scratch scratch;
  const auto model = scratch.write("model.bin", SmallWhisper().bytes());
  fuzz::survives(kSmallTokenizer, fuzz::Form::kText, [&](const std::string &text) {
    fuzz::told(ct2_to_ggml(model, scratch.write("tokenizer.json", text), scratch.path() / "out.bin"));
  });
}

TEST(DamagedCatalog, IsReadOrRefused) {
  const auto hash = std::string(64, 'a');
  const auto whole =
      R"({"archives":{"p":{"registry":"pypi","version":"1.0","file":"p.whl","bytes":12,"sha256":")" + hash +
      R"("}},"models":[{"name":"m","role":"asr","can":["zh"],"licence":"MIT","summary":"s","by_default":true,
      "files":[{"name":"a.bin","bytes":3,"sha256":")" +
      hash + R"(","parts":["p:x/a"],"convert":"ct2-to-ggml","tokenizer":"p:t"},{"name":"d/","parts":["p:*"]}]}]})";
  const fuzz::Scratch scratch;
  fuzz::survives(whole, fuzz::Form::kText, [&](const std::string &text) {
    const auto models = load_catalog(scratch.write("catalog.json", text));
    if (!fuzz::told(models)) {
      return;
    }
    for (const auto &model : *models) {
      EXPECT_FALSE(model.files.empty());
      EXPECT_EQ(model.name.find('/'), std::string::npos) << "a name never leaves its folder";
    }
  });
}

TEST(DamagedPage, OfASimpleIndex) {
  const std::string json = R"({"files":[{"filename":"a","url":"https://files.test/a","hashes":{"sha256":"aa"}},
                               {"filename":"b","url":"../../files/b.whl","hashes":{"sha256":"bb"}}]})";
  const std::string html = "<a href=\"https://files.test/a#sha256=aa\">a</a>\n<a href='/x?y=1&amp;z=2#sha256=bb'>b</a>";
  for (const auto &[whole, type] :
       {std::pair(json, "application/vnd.pypi.simple.v1+json"), std::pair(html, "text/html")}) {
    fuzz::survives(whole, fuzz::Form::kText, [&, kind = type](const std::string &text) {
      for (const auto *hash : {"aa", "bb", "cc"}) {
        EXPECT_LE(find_in_simple_index({text, kind, "https://index.test/simple/p/"}, hash).size(),
                  3 * text.size() + 64);
      }
    });
  }
}

TEST(DamagedPage, OfAnNpmRegistry) {
  fuzz::survives(R"({"dist":{"tarball":"https://npm.test/p.tgz","size":3}})", fuzz::Form::kText,
                 [](const std::string &text) {
                   (void)find_tarball({text, "application/json", "https://npm.test/"});
                 });
}

class DamagedArchive : public testing::TestWithParam<std::string> {};

TEST_P(DamagedArchive, NeverLeavesItsFolder) {
  const fuzz::Scratch scratch;
  const auto name = "p." + GetParam();
  std::string content;
  for (int i = 0; i < 400; ++i) {
    content += std::to_string(i * i);
  }
  write_archive(scratch.path() / name, {{"p/model.bin", content}, {"p/data/a.json", "{}"}, {"../up.json", "[]"}});
  fuzz::survives(fuzz::bytes_of(scratch.path() / name), fuzz::Form::kBytes, [&](const std::string &bytes) {
    const auto archive = scratch.write(name, bytes);
    std::size_t streamed = 0;
    fuzz::told(extract_member(archive, "p/model.bin", [&](std::span<const char> block) {
      streamed += block.size();
      return true;
    }));
    constexpr std::size_t kMostTimes = 1100; // deflate's best
    EXPECT_LE(streamed, kMostTimes * bytes.size());
    fuzz::told(extract_matching(archive, "p/*/*.json", scratch.path() / "out"));
    fuzz::told(extract_matching(archive, "*", scratch.path() / "out"));
    for (const auto &entry : fs::directory_iterator(scratch.path())) {
      EXPECT_TRUE(entry.path().filename() == name || entry.path().filename() == "out") << entry.path();
    }
    fuzz::told(sha256_of_file(archive));
  });
}
INSTANTIATE_TEST_SUITE_P(Kinds, DamagedArchive, testing::Values("whl", "tgz"),
                         [](const auto &kind) { return kind.param; });

} // namespace
} // namespace yanxing::catalog
