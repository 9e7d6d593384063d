// Descriptions of processors that came with a model.
#include "media/library.h"

#include "support/fuzz.h"

namespace yanxing::media {
namespace {

TEST(DamagedProcessors, AreToldOrReadWithinReason) {
  const fuzz::Scratch scratch;
  const std::string whole = R"({"patch_size":14,"merge_size":2,"temporal_patch_size":2,
    "size":{"shortest_edge":3136,"longest_edge":1003520},"image_mean":[0.5,0.4,0.3],"image_std":[0.2,0.2,0.2],
    "feature_size":128,"chunk_length":300,"sampling_rate":16000,"hop_length":160,"n_fft":400})";
  fuzz::survives(whole, fuzz::Form::kText, [&](const std::string &text) {
    scratch.write("preprocessor_config.json", text);
    if (const auto pictures = picture_settings(scratch.path()); fuzz::told(pictures)) {
      const auto size = fitted({640, 480}, *pictures);
      EXPECT_TRUE(!size.ok() || (size->width % pictures->factor() == 0 && size->height % pictures->factor() == 0));
    }
    fuzz::told(sound_settings(scratch.path()));
  });
}

TEST(DamagedProcessors, DescriptionsOfModels) {
  const fuzz::Scratch scratch;
  const std::string whole =
      R"({"model_type":"qwen2_5_omni","thinker_config":{"vision_config":{"depth":1},"audio_config":{"d_model":8}}})";
  fuzz::survives(whole, fuzz::Form::kText, [&](const std::string &text) {
    scratch.write("config.json", text);
    fuzz::told(senses_of(scratch.path()));
  });
}

} // namespace
} // namespace yanxing::media
