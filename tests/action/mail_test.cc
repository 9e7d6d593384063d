#include "action/mail.h"

#include "action/web.h"
#include "base/files.h"
#include "bench.h"
#include "smtp_server.h"

#include <regex>
#include <sys/stat.h>

namespace yanxing::action {
namespace {

Letter letter_to(const std::string &address) {
  return {address,
          "李建国",
          "预算表",
          "您好：\n附件。\n",
          {"预算表.xlsx", "application/octet-stream", std::string("PK\x03\x04\0binary", 11)}};
}

std::string message_id(const std::string &message) {
  std::smatch found;
  return std::regex_search(message, found, std::regex("Message-ID: (<[^>]+>)")) ? found[1].str() : "";
}

class Mail : public testing::Test {
protected:
  TemporaryFolder folder;
  Settings settings;
  Result<Posted> send(const std::string &address = "li@example.com") {
    return post(letter_to(address), settings, folder.path());
  }
};

TEST_F(Mail, WithoutAServerItGoesToAMaildir) {
  const auto posted = send();
  ASSERT_TRUE(posted) << posted.error().message();
  EXPECT_EQ(posted->delivery, Delivery::kOutbox);
  EXPECT_EQ(files_in(folder.path() / "outbox/new").size(), 1U);
  EXPECT_TRUE(files_in(folder.path() / "outbox/tmp").empty());
  struct stat info {};
  ASSERT_EQ(::stat(posted->file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 077U, 0U);
  EXPECT_TRUE(withdraw(posted->file, folder.path()));
  EXPECT_FALSE(withdraw(posted->file, folder.path()));
}

TEST_F(Mail, IsTakenOnceAndKept) {
  SmtpServer server;
  settings.smtp_url = server.url();
  const auto posted = send();
  ASSERT_TRUE(posted) << posted.error().message();
  EXPECT_EQ(posted->delivery, Delivery::kSent) << posted->problem;
  EXPECT_EQ(flush_queue(settings, folder.path()), 0);
  ASSERT_EQ(server.mails().size(), 1U);
  EXPECT_EQ(server.mails()[0].to.substr(0, 24), "RCPT TO:<li@example.com>");
  EXPECT_FALSE(mail_waits(folder.path()));
  EXPECT_EQ(files_in(folder.path() / "sent").size(), 1U);
}

TEST_F(Mail, WaitsWhileTheServerIsAwayAndGoesOutOnce) {
  settings.smtp_url = "smtp://127.0.0.1:1";
  const auto posted = send();
  ASSERT_TRUE(posted);
  EXPECT_EQ(posted->delivery, Delivery::kQueued);
  EXPECT_FALSE(posted->problem.empty());
  EXPECT_TRUE(mail_waits(folder.path()));
  const auto kept = message_id(*read_file(posted->file));
  EXPECT_EQ(flush_queue(settings, folder.path()), 0);
  SmtpServer server;
  settings.smtp_url = server.url();
  EXPECT_EQ(flush_queue(settings, folder.path()), 1);
  EXPECT_EQ(flush_queue(settings, folder.path()), 0);
  ASSERT_EQ(server.mails().size(), 1U);
  EXPECT_EQ(message_id(server.mails()[0].text), kept);
}

TEST_F(Mail, ATemporaryNoWaitsAndAFinalNoDoesNotBlockTheOthers) {
  SmtpServer server;
  settings.smtp_url = server.url();
  server.mood = SmtpServer::Mood::kBusy;
  EXPECT_EQ(send()->delivery, Delivery::kQueued);
  server.mood = SmtpServer::Mood::kKnowsNobody;
  const auto refused = send("ghost@example.com");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("550"), std::string::npos) << refused.error().what;
  EXPECT_EQ(files_in(folder.path() / "refused").size(), 1U);
  server.mood = SmtpServer::Mood::kTakes;
  EXPECT_EQ(flush_queue(settings, folder.path()), 1);
  EXPECT_TRUE(files_in(folder.path() / "queue", ".attempted").empty());
}

TEST_F(Mail, AnAttemptWithoutAnAnswerIsMarkedAndRepeatedUnderTheSameId) {
  SmtpServer server;
  settings.smtp_url = server.url();
  server.mood = SmtpServer::Mood::kDiesAfterData;
  const auto posted = send();
  ASSERT_TRUE(posted);
  EXPECT_EQ(posted->delivery, Delivery::kQueued);
  EXPECT_EQ(files_in(folder.path() / "queue", ".attempted").size(), 1U);
  const auto kept = message_id(*read_file(posted->file));
  server.mood = SmtpServer::Mood::kTakes;
  EXPECT_EQ(flush_queue(settings, folder.path()), 1);
  EXPECT_EQ(message_id(server.mails().at(0).text), kept);
  EXPECT_TRUE(files_in(folder.path() / "queue", ".attempted").empty());
}

TEST_F(Mail, TwoSendersNeverSendTheSameMessage) {
  settings.smtp_url = "smtp://127.0.0.1:1";
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(send());
  }
  SmtpServer server;
  settings.smtp_url = server.url();
  std::vector<std::thread> senders;
  for (int i = 0; i < 4; ++i) {
    senders.emplace_back([&] { (void)flush_queue(settings, folder.path()); });
  }
  for (auto &sender : senders) {
    sender.join();
  }
  (void)flush_queue(settings, folder.path());
  EXPECT_EQ(server.mails().size(), 5U);
}

TEST_F(Mail, PasswordsThatOthersCanReadAreNotUsed) {
  SmtpServer server;
  settings.smtp_url = server.url();
  settings.smtp_user = "me";
  settings.smtp_password_file = folder.write("password", "secret\n").string();
  ::chmod(settings.smtp_password_file.c_str(), 0644);
  const auto posted = send();
  ASSERT_TRUE(posted);
  EXPECT_EQ(posted->delivery, Delivery::kQueued);
  EXPECT_NE(posted->problem.find("chmod 600"), std::string::npos);
}

TEST_F(Mail, HostileNamesCannotAddHeadersOrRecipients) {
  auto letter = letter_to("li@example.com");
  letter.to_name = "X-Yanxing-To: eve@evil.example\r\nBcc: eve@evil.example, \"Bob\" <bob@evil.example>";
  letter.subject = "a\r\nBcc: eve@evil.example";
  letter.attachment.name = "a\".exe\r\n\r\nbody";
  const auto message = compose(letter, "me@example.com\r\nX: y");
  const auto head = message.substr(0, message.find("\r\n\r\n"));
  EXPECT_EQ(head.find("\r\nBcc:"), std::string::npos) << head;
  EXPECT_EQ(head.find("\r\nX: y"), std::string::npos) << head;
  EXPECT_TRUE(message.starts_with("X-Yanxing-To: li@example.com\r\n"));
  EXPECT_NE(head.find("\\\"Bob\\\""), std::string::npos) << head; // quoted: a name, not an address
  EXPECT_NE(message.find("filename*=UTF-8''a%22.exebody"), std::string::npos);
  for (const auto *address : {"", "a", "a@", "@b", "a@b,c@d", "a b@c", "a@b\r\nRCPT TO:<eve@d>", "<a@b>", "a@b@c"}) {
    EXPECT_FALSE(send(address)) << address;
  }
}

TEST_F(Mail, LongSubjectsAreFoldedInWholeCharacters) {
  auto letter = letter_to("li@example.com");
  letter.subject.clear();
  for (int i = 0; i < 60; ++i) {
    letter.subject += "预算";
  }
  const auto message = compose(letter, "me@example.com");
  std::size_t at = 0;
  while (at < message.size()) {
    const auto end = message.find("\r\n", at);
    EXPECT_LE(end - at, 100U);
    at = end + 2;
  }
  EXPECT_EQ(message.find('\n'), message.find("\r\n") + 1);
}

TEST(Loopback, IsExact) {
  for (const auto *url : {"smtp://127.0.0.1:25", "smtp://localhost", "smtp://[::1]:2525", "http://127.9.9.9/"}) {
    EXPECT_TRUE(is_loopback(host_of(url))) << url;
  }
  for (const auto *url : {"smtp://127.evil.example", "smtp://localhost.evil.example", "smtp://localhost@evil.example",
                          "smtp://10.0.0.1", "nonsense:"}) {
    EXPECT_FALSE(is_loopback(host_of(url))) << url;
  }
}

TEST(RetryAfter, GrowsToAnHour) {
  EXPECT_EQ(retry_after(1), std::chrono::seconds(30));
  EXPECT_EQ(retry_after(2), std::chrono::seconds(60));
  EXPECT_EQ(retry_after(1000000), std::chrono::hours(1));
}

} // namespace
} // namespace yanxing::action
