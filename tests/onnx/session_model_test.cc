#include "base/paths.h"
#include "onnx/session.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace yanxing::onnx {
namespace {

std::unique_ptr<Session> open_or_null(const std::string &model, const std::string &file) {
  const auto path = models_folder() / model / file;
  if (!std::filesystem::exists(path)) {
    return nullptr;
  }
  auto session = Session::open(path, 1);
  EXPECT_TRUE(session.ok()) << session.error().message();
  return session ? std::move(*session) : nullptr;
}

std::vector<std::pair<std::string, Tensor>> silero_inputs() {
  return {{"input", {{1, 576}, std::vector<float>(576, 0.0F)}},
          {"state", {{2, 1, 128}, std::vector<float>(256, 0.0F)}},
          {"sr", {{}, std::vector<std::int64_t>{16000}}}};
}

TEST(SileroSession, RunsAndReportsAWrongInput) {
  const auto session = open_or_null("silero-vad", "silero_vad.onnx");
  if (!session) {
    GTEST_SKIP() << "silero-vad is not installed";
  }
  EXPECT_EQ(session->input_names(), (std::vector<std::string>{"input", "state", "sr"}));
  auto out = session->run(silero_inputs());
  ASSERT_TRUE(out.ok()) << out.error().message();
  ASSERT_EQ(out->size(), 2U);
  EXPECT_LT((*out)[0].floats().front(), 0.1F); // silence
  EXPECT_EQ((*out)[1].shape, (std::vector<std::int64_t>{2, 1, 128}));

  auto wrong = silero_inputs();
  wrong[1].first = "memory";
  const auto failed = session->run(wrong);
  ASSERT_FALSE(failed.ok());
  EXPECT_NE(failed.error().what.find("memory"), std::string::npos);
  EXPECT_TRUE(session->run(silero_inputs()).ok()); // a failure leaves the session usable
}

TEST(OcrSession, DetectsOnAnySizeAndCarriesItsCharacters) {
  const auto det = open_or_null("pp-ocr-v6", "det.onnx");
  const auto rec = open_or_null("pp-ocr-v6", "rec.onnx");
  if (!det || !rec) {
    GTEST_SKIP() << "pp-ocr-v6 is not installed";
  }
  const auto out = det->run({{det->input_names().front(), {{1, 3, 64, 96}, std::vector<float>(3 * 64 * 96, 0.0F)}}});
  ASSERT_TRUE(out.ok()) << out.error().message();
  EXPECT_EQ(out->front().shape, (std::vector<std::int64_t>{1, 1, 64, 96}));
  EXPECT_NE(rec->metadata("character").find("的"), std::string::npos);
  EXPECT_EQ(rec->metadata("no such key"), "");
}

TEST(KokoroSession, TakesTokensStyleAndSpeed) {
  const auto session = open_or_null("kokoro", "model.onnx");
  if (!session) {
    GTEST_SKIP() << "kokoro is not installed";
  }
  auto names = session->input_names();
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names.size(), 3U);
  EXPECT_NE(std::find(names.begin(), names.end(), "style"), names.end());
  EXPECT_NE(std::find(names.begin(), names.end(), "speed"), names.end());
}

TEST(Session, RefusesATruncatedModel) {
  const auto whole = models_folder() / "silero-vad" / "silero_vad.onnx";
  if (!std::filesystem::exists(whole)) {
    GTEST_SKIP() << "silero-vad is not installed";
  }
  const auto cut = std::filesystem::path(testing::TempDir()) / "cut.onnx";
  std::filesystem::copy_file(whole, cut, std::filesystem::copy_options::overwrite_existing);
  std::filesystem::resize_file(cut, std::filesystem::file_size(whole) / 2);
  EXPECT_FALSE(Session::open(cut, 1).ok());
  std::filesystem::remove(cut);
}

} // namespace
} // namespace yanxing::onnx
