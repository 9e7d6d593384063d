#include "diary/diary.h"

#include "base/files.h"
#include <filesystem>
#include <gtest/gtest.h>
#include <unistd.h>

namespace yanxing::diary {
namespace {

namespace fs = std::filesystem;

Entry entry_of(const std::string &words) {
  Entry entry;
  entry.language = "zh";
  entry.heard = entry.transcript = words;
  entry.screen = Json{{"size", {800, 600}}, {"elements", Json::array()}};
  entry.actions = Json::array({{{"name", "share"}}});
  entry.decision = Json{{"action", "share"}, {"recipient", "李经理"}};
  entry.confidence = 0.5;
  entry.status = "done";
  entry.wav = std::string("RIFF\0sound of ", 14) + words;
  return entry;
}

class DiaryTest : public testing::Test {
protected:
  void SetUp() override {
    fs::remove_all(folder_);
    diary_ = std::move(*Diary::open(file_));
  }
  void TearDown() override {
    diary_.reset();
    fs::remove_all(folder_);
  }
  fs::path folder_ = fs::path(testing::TempDir()) / ("diary-" + std::to_string(::getpid()));
  fs::path file_ = folder_ / "turns.db";
  std::unique_ptr<Diary> diary_;
};

TEST_F(DiaryTest, WhatIsKeptComesBackAfterARestart) {
  const auto id = diary_->keep(entry_of("把这个表格发给李经理"));
  ASSERT_TRUE(id) << id.error().message();
  diary_.reset();
  diary_ = std::move(*Diary::open(file_));
  const auto found = diary_->find(*id);
  ASSERT_TRUE(found && *found);
  const auto wanted = entry_of("把这个表格发给李经理");
  EXPECT_EQ((*found)->transcript, wanted.transcript);
  EXPECT_EQ((*found)->screen, wanted.screen);
  EXPECT_EQ((*found)->actions, wanted.actions);
  EXPECT_EQ((*found)->decision, wanted.decision);
  EXPECT_EQ((*found)->wav, wanted.wav);
  EXPECT_TRUE((*found)->contacts.is_null());
  EXPECT_EQ((*found)->at.size(), 20U);
}

TEST_F(DiaryTest, OnlyItsOwnerMayReadIt) {
  ASSERT_TRUE(diary_->keep(entry_of("x")));
  EXPECT_EQ(fs::status(file_).permissions() & fs::perms::all, fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(DiaryTest, ACorrectionIsSetAndTakenBack) {
  const auto id = *diary_->keep(entry_of("发给他"));
  const Json right{{"action", "share"}, {"recipient", "王芳"}};
  ASSERT_TRUE(diary_->correct(id, right));
  EXPECT_EQ(diary_->entries(true)->size(), 1U);
  EXPECT_EQ(diary_->entries(true)->front().correction, right);
  ASSERT_TRUE(diary_->correct(id, Json()));
  EXPECT_TRUE(diary_->entries(true)->empty());
  EXPECT_FALSE(diary_->correct(id + 1, right));
}

TEST_F(DiaryTest, WhatIsForgottenIsNowhereInTheFile) {
  const auto secret = *diary_->keep(entry_of("a secret nobody may find"));
  auto other = entry_of("an ordinary sentence");
  other.screen["title"] = "a picture of the wedding";
  const auto second = *diary_->keep(other);
  ASSERT_NE(read_file(file_)->find("a secret nobody"), std::string::npos);
  ASSERT_TRUE(diary_->forget({secret}));
  EXPECT_EQ(read_file(file_)->find("a secret nobody"), std::string::npos);
  EXPECT_NE(read_file(file_)->find("wedding"), std::string::npos);
  ASSERT_TRUE(diary_->forget({second}));
  EXPECT_EQ(read_file(file_)->find("wedding"), std::string::npos);
  EXPECT_TRUE(diary_->entries()->empty());
}

TEST_F(DiaryTest, ForgettingATurnThatIsNotThereDeletesNothing) {
  const auto id = *diary_->keep(entry_of("stays"));
  EXPECT_FALSE(diary_->forget({id, id + 7}));
  EXPECT_EQ(diary_->entries()->size(), 1U);
}

TEST_F(DiaryTest, ThousandScreensThatAreTheSameAreKeptOnce) {
  auto entry = entry_of("again");
  entry.screen["title"] = std::string(20000, 'x');
  entry.wav.clear();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(diary_->keep(entry));
  }
  EXPECT_LT(fs::file_size(file_), 200000U);
}

TEST_F(DiaryTest, AFileThatIsSomethingElseIsLeftAsItIs) {
  const auto other = folder_ / "notes.txt";
  const std::string text(4096, 'n');
  ASSERT_TRUE(write_file(other, text));
  const auto opened = Diary::open(other);
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message().find("notes.txt"), std::string::npos);
  EXPECT_EQ(*read_file(other), text);
}

TEST(DiarySample, SaysWhatWasRightAndWhatWasNot) {
  auto entry = entry_of("发给李经理");
  EXPECT_EQ((*sample_of(entry))["action"], entry.decision);
  EXPECT_FALSE(sample_of(entry)->contains("rejected_action"));
  entry.correction = Json{{"action", "share"}, {"recipient", "王芳"}};
  EXPECT_EQ((*sample_of(entry))["action"], entry.correction);
  EXPECT_EQ((*sample_of(entry))["rejected_action"], entry.decision);
  entry.correction = Json();
  entry.status = "refused";
  EXPECT_FALSE(sample_of(entry));
  entry.declined = true;
  EXPECT_EQ((*sample_of(entry))["label"], false);
  entry.declined = false;
  entry.status = "undone";
  EXPECT_EQ((*sample_of(entry))["label"], false);
}

} // namespace
} // namespace yanxing::diary
