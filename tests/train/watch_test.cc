#include "train/curve.h"
#include "train/event_file.h"
#include "train/watch.h"

#include "base/files.h"

#include <cstring>
#include <filesystem>
#include <gtest/gtest.h>

namespace yanxing::train {
namespace {

namespace fs = std::filesystem;

class WatchTest : public testing::Test {
protected:
  void SetUp() override { fs::remove_all(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_ = fs::temp_directory_path() / "yanxing_watch_test";
};

// RFC 3720, appendix B.4, and the check value of the CRC catalogue.
TEST(Crc32c, HasThePublishedValues) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43U);
}

// The payloads of the records, each frame's checksums checked as a reader would.
std::vector<std::string> records_of(const std::string &bytes) {
  const auto number = [&](std::size_t at) {
    std::uint32_t value = 0;
    std::memcpy(&value, bytes.data() + at, sizeof(value));
    return value;
  };
  const auto masked = [](std::uint32_t crc) { return ((crc >> 15U) | (crc << 17U)) + 0xA282EAD8U; };
  std::vector<std::string> records;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t length = number(at);
    EXPECT_EQ(number(at + 8), masked(crc32c(bytes.substr(at, 8))));
    records.push_back(bytes.substr(at + 12, length));
    EXPECT_EQ(number(at + 12 + length), masked(crc32c(records.back())));
    at += 16 + length;
  }
  return records;
}

TEST_F(WatchTest, EventsAreFramedAndHoldTheScalar) {
  {
    auto file = EventFile::open(folder_);
    ASSERT_TRUE(file.ok());
    file->write(300, {{"train/loss", 0.5}});
  }
  ASSERT_NE(fs::directory_iterator(folder_), fs::directory_iterator());
  const auto records = records_of(*read_file(fs::directory_iterator(folder_)->path()));
  ASSERT_EQ(records.size(), 2U);
  EXPECT_TRUE(records[0].ends_with("\x1a\x0d"
                                   "brain.Event:2"));
  // step 300 as a varint, then summary { value { tag: "train/loss" simple_value: 0.5 } }
  EXPECT_EQ(records[1].substr(9), std::string("\x10\xac\x02\x2a\x13\x0a\x11\x0a\x0a"
                                              "train/loss"
                                              "\x15\0\0\0\x3f",
                                              24));
}

StepReport step(std::int64_t number, double loss, double validation = -1) {
  StepReport report;
  report.step = number;
  report.steps = 10;
  report.loss = loss;
  report.tokens = 100;
  report.seconds = 1;
  report.validation_loss = validation;
  return report;
}

TEST_F(WatchTest, AResumedRunIsDrawnWhole) {
  for (const auto &part : {std::vector{step(1, 3), step(2, 2), step(3, 9)}, std::vector{step(3, 1, 1.5)}}) {
    auto watch = Watch::open(folder_, 1, true);
    ASSERT_TRUE(watch.ok());
    for (const auto &report : part) {
      watch->tell(report);
    }
    ASSERT_TRUE(watch->finish().ok());
  }
  const auto points = points_of_log(folder_ / "logging.jsonl");
  ASSERT_EQ(points.size(), 3U);
  EXPECT_EQ(points[2].loss, 1);
  EXPECT_EQ(points[2].validation_loss, 1.5);
  const auto picture = *read_file(folder_ / "loss.svg");
  EXPECT_NE(picture.find("<circle"), std::string::npos);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "runs"), fs::directory_iterator()), 2);
}

TEST_F(WatchTest, BrokenLinesAndSinglePointsAreDrawn) {
  ASSERT_TRUE(write_file(folder_ / "log",
                         "{\"global_step\":1,\"loss\":null}\nnonsense\n{\"global_step\":7,\"loss\":2}\n{\"glo"));
  const auto points = points_of_log(folder_ / "log");
  ASSERT_EQ(points.size(), 1U);
  EXPECT_EQ(draw_curve(points, "a<b").find("nan"), std::string::npos);
  EXPECT_NE(draw_curve(points, "a<b").find("a&lt;b"), std::string::npos);
  EXPECT_TRUE(draw_curve({}, "").empty());
}

} // namespace
} // namespace yanxing::train
