#include "media/library.h"

#include "base/files.h"
#include "screen/look.h"
#include "support/fuzz.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace yanxing::media {
namespace {

Picture striped(int width, int height) {
  Picture picture{width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        picture.rgb.push_back(static_cast<std::uint8_t>((x * 7 + y * 13 + c * 50) % 256));
      }
    }
  }
  return picture;
}

// What transformers' smart_resize gives.
TEST(PictureProcessor, FitsAsTransformersDoes) {
  const auto size = [](int width, int height, int patch, std::int64_t least, std::int64_t most) {
    PictureSettings settings;
    settings.patch = patch;
    settings.least_pixels = least;
    settings.most_pixels = most;
    const auto result = fitted({width, height}, settings);
    EXPECT_TRUE(result.ok());
    return *result;
  };
  EXPECT_EQ(size(1920, 1080, 14, 3136, 1003520), (PictureSize{1316, 728}));
  EXPECT_EQ(size(1920, 1080, 14, 3136, 12845056), (PictureSize{1932, 1092}));
  EXPECT_EQ(size(1366, 768, 14, 3136, 1003520), (PictureSize{1316, 728}));
  EXPECT_EQ(size(30, 20, 14, 3136, 1003520), (PictureSize{84, 56}));
  EXPECT_EQ(size(42, 70, 14, 3136, 1003520), (PictureSize{56, 56})) << "halves are rounded to even multiples";
  EXPECT_EQ(size(14, 2800, 14, 3136, 1003520), (PictureSize{28, 812}));
  EXPECT_EQ(size(200, 150, 16, 4096, 32000), (PictureSize{192, 160}));
  EXPECT_FALSE(fitted({10, 2010}, {}).ok());
  EXPECT_FALSE(fitted({0, 5}, {}).ok());
}

TEST(PictureProcessor, OneColourStaysThatColour) {
  Picture picture{50, 40, std::vector<std::uint8_t>(50 * 40 * 3, 77)};
  for (const auto &size : {PictureSize{28, 28}, PictureSize{112, 84}, PictureSize{28, 84}}) {
    const auto scaled = resized(picture, size);
    EXPECT_EQ(scaled.width, size.width);
    EXPECT_EQ(scaled.height, size.height);
    EXPECT_EQ(scaled.rgb, std::vector<std::uint8_t>(scaled.rgb.size(), 77));
  }
}

TEST(PictureProcessor, PatchesAreInTheOrderOfTheBlocksThatAreMerged) {
  PictureSettings settings;
  settings.least_pixels = 1;
  settings.mean = {0, 0, 0};
  settings.deviation = {1, 1, 1};
  const auto picture = striped(56, 28); // two blocks side by side, nothing to resize
  const auto input = patches_of(picture, settings);
  ASSERT_TRUE(input.ok());
  EXPECT_EQ(input->height, 2);
  EXPECT_EQ(input->width, 4);
  constexpr std::size_t kPatch = 3 * 2 * 14 * 14;
  ASSERT_EQ(input->values.size(), 8 * kPatch);
  const std::vector<std::pair<int, int>> corners{{0, 0},  {14, 0}, {0, 14},  {14, 14},
                                                 {28, 0}, {42, 0}, {28, 14}, {42, 14}};
  for (std::size_t i = 0; i < corners.size(); ++i) {
    const auto [x, y] = corners[i];
    EXPECT_FLOAT_EQ(input->values[i * kPatch], static_cast<float>(picture.pixel(x, y)[0]) / 255.0F) << i;
    EXPECT_FLOAT_EQ(input->values[i * kPatch + 196], input->values[i * kPatch]) << "the second frame is the first";
    EXPECT_FLOAT_EQ(input->values[i * kPatch + 2 * 196 + 15],
                    static_cast<float>(picture.pixel(x + 1, y + 1)[1]) / 255.0F);
  }
}

TEST(PictureProcessor, ReadsWhateverDescriptionTheFolderHas) {
  const fuzz::Scratch folder;
  EXPECT_EQ(picture_settings(folder.path())->patch, 14) << "the defaults";
  ASSERT_TRUE(write_file(folder.path() / "processor_config.json",
                         R"({"image_processor":{"patch_size":16,"size":{"shortest_edge":65536,"longest_edge":16777216},
                            "image_mean":[0.5,0.5,0.5],"image_std":[0.5,0.5,0.5]}})")
                  .ok());
  const auto settings = picture_settings(folder.path());
  ASSERT_TRUE(settings.ok());
  EXPECT_EQ(settings->factor(), 32);
  EXPECT_EQ(settings->least_pixels, 65536);
  EXPECT_FLOAT_EQ(settings->deviation[2], 0.5F);
  for (const char *bad :
       {R"({"patch_size":0})", R"({"patch_size":"x"})", R"({"image_std":[0,1,1]})", R"({"max_pixels":99999999999})",
        R"({"min_pixels":10,"max_pixels":5})", R"({"merge_size":-2})"}) {
    ASSERT_TRUE(write_file(folder.path() / "preprocessor_config.json", bad).ok());
    EXPECT_FALSE(picture_settings(folder.path()).ok()) << bad;
  }
}

TEST(Mel, ATonesEnergyIsInItsBand) {
  audio::Clip clip;
  for (int i = 0; i < 16000; ++i) {
    clip.samples.push_back(static_cast<float>(0.5 * std::sin(2 * std::numbers::pi * 1000.0 * i / 16000)));
  }
  const auto input = mel_of(clip, {});
  EXPECT_EQ(input.height, 128);
  EXPECT_EQ(input.width, 100);
  std::int64_t loudest = 0;
  for (std::int64_t bin = 1; bin < input.height; ++bin) {
    const auto at = [&](std::int64_t b) { return input.values[static_cast<std::size_t>(b * input.width + 50)]; };
    loudest = at(bin) > at(loudest) ? bin : loudest;
  }
  EXPECT_NEAR(static_cast<double>(loudest), 42, 1) << "1 kHz is 15 of Slaney's 45.2 mel up to 8 kHz";
}

TEST(Mel, FramesAndTokens) {
  EXPECT_EQ(mel_frames(16000), 100);
  EXPECT_EQ(mel_frames(16001), 101);
  EXPECT_EQ(sound_tokens(115), 29);
  EXPECT_EQ(sound_tokens(2), 0);
}

TEST(Library, EachPictureOnceAndToldWhereItCannotBeRead) {
  const fuzz::Scratch folder;
  ASSERT_TRUE(screen::write_png(folder.path() / "a.png", striped(200, 150)).ok());
  ASSERT_TRUE(screen::write_png(folder.path() / "b.png", striped(60, 60)).ok());
  Senses senses;
  senses.pictures.emplace();
  Library library(senses);
  const auto first = library.picture(folder.path() / "a.png");
  const auto second = library.picture(folder.path() / "b.png");
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->source, library.picture(folder.path() / "a.png")->source);
  EXPECT_NE(first->source, second->source);
  EXPECT_EQ(first->height * first->width, 35);
  EXPECT_EQ(library.read(first->source)->width, 14);
  EXPECT_FALSE(library.picture(folder.path() / "c.png").ok());
  EXPECT_FALSE(library.sound(folder.path() / "a.wav").ok()) << "this model hears nothing";
  ASSERT_TRUE(screen::write_png(folder.path() / "a.png", striped(20, 15)).ok());
  EXPECT_FALSE(library.read(first->source).ok()) << "another picture than when training began";
  EXPECT_FALSE(Library(Senses{}).picture(folder.path() / "b.png").ok());
}

TEST(Library, SensesAreReadFromTheModelsDescription) {
  const fuzz::Scratch folder;
  ASSERT_TRUE(
      write_file(folder.path() / "config.json", R"({"model_type":"qwen3_vl","vision_config":{"depth":1}})").ok());
  const auto sees = senses_of(folder.path());
  ASSERT_TRUE(sees.ok());
  EXPECT_TRUE(sees->pictures && !sees->sounds && sees->boxes_in_thousandths);
  ASSERT_TRUE(write_file(folder.path() / "config.json",
                         R"({"thinker_config":{"vision_config":{"depth":1},"audio_config":{"d_model":8}}})")
                  .ok());
  const auto hears = senses_of(folder.path());
  ASSERT_TRUE(hears.ok());
  EXPECT_TRUE(hears->pictures && hears->sounds && !hears->boxes_in_thousandths);
  EXPECT_FALSE(senses_of("light.gguf")->pictures);
}

} // namespace
} // namespace yanxing::media
