#include "onnx/session.h"

#include <fstream>
#include <gtest/gtest.h>

namespace yanxing::onnx {
namespace {

TEST(Session, NamesTheMissingFile) {
  const auto session = Session::open("/nowhere/model.onnx", 1);
  ASSERT_FALSE(session.ok());
  EXPECT_NE(session.error().what.find("/nowhere/model.onnx"), std::string::npos);
}

TEST(Session, RefusesWhatIsNoModel) {
  const auto file = std::filesystem::path(testing::TempDir()) / "foreign.onnx";
  for (const auto &content : {std::string(), std::string("hello, I am a text file"), std::string(5000, '\x08')}) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << content;
    const auto session = Session::open(file, 1);
    ASSERT_FALSE(session.ok());
    EXPECT_NE(session.error().what.find("foreign.onnx"), std::string::npos);
    EXPECT_FALSE(session.error().hint.empty());
  }
  std::filesystem::remove(file);
}

} // namespace
} // namespace yanxing::onnx
