#include "diary/diary.h"

#include "base/paths.h"

#include <sqlite3.h>

#include <chrono>
#include <ctime>
#include <sys/stat.h>

namespace yanxing::diary {
namespace fs = std::filesystem;
namespace {

struct Close {
  void operator()(sqlite3 *db) const { sqlite3_close_v2(db); }
};
struct Finalize {
  void operator()(sqlite3_stmt *statement) const { sqlite3_finalize(statement); }
};

// Screens, registries and contacts are the same turn after turn: each is kept once.
constexpr const char *kTables = R"(
create table if not exists part(id integer primary key, json text not null unique);
create table if not exists turn(
  id integer primary key autoincrement, at text not null, language text not null, heard text not null,
  transcript text not null, history text not null, screen integer, actions integer, contacts integer, decision text not null,
  confidence real not null, tier text not null, status text not null, agreed integer not null,
  declined integer not null, correction text, wav blob);
)";
constexpr int kVersion = 1;
constexpr const char *kColumns = "id,at,language,heard,transcript,history,screen,actions,contacts,decision,confidence,"
                                 "tier,status,agreed,declined,correction";

std::string now() {
  const auto time = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm utc{};
  gmtime_r(&time, &utc);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

} // namespace

struct Diary::Impl {
  fs::path file;
  std::unique_ptr<sqlite3, Close> db;

  [[nodiscard]] Error failed(const std::string &what) const {
    return {"cannot " + what + " " + file.string() + ": " + sqlite3_errmsg(db.get()),
            sqlite3_errcode(db.get()) == SQLITE_NOTADB || sqlite3_errcode(db.get()) == SQLITE_CORRUPT
                ? "Move the file away; a new one is made"
                : "See that its folder may be written to and that the disk has room"};
  }

  Status run(const char *sql) {
    return sqlite3_exec(db.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK ? Status() : Status(failed("write to"));
  }

  // One statement with its values bound; `each` sees every row.
  class Statement {
  public:
    Statement(Impl &impl, const std::string &sql) : impl_(impl) {
      sqlite3_stmt *made = nullptr;
      ok_ = sqlite3_prepare_v2(impl.db.get(), sql.c_str(), -1, &made, nullptr) == SQLITE_OK;
      statement_.reset(made);
    }
    Statement &text(const std::string &value) { return bound(value, false); }
    Statement &blob(const std::string &value) { return bound(value, true); }
    Statement &number(std::int64_t value) {
      ok_ = ok_ && sqlite3_bind_int64(statement_.get(), ++at_, value) == SQLITE_OK;
      return *this;
    }
    Statement &real(double value) {
      ok_ = ok_ && sqlite3_bind_double(statement_.get(), ++at_, value) == SQLITE_OK;
      return *this;
    }
    Statement &nothing() {
      ++at_;
      return *this;
    }
    // True where a row is there.
    Result<bool> step() {
      const int code = ok_ ? sqlite3_step(statement_.get()) : SQLITE_ERROR;
      if (code != SQLITE_ROW && code != SQLITE_DONE) {
        return impl_.failed("use");
      }
      return code == SQLITE_ROW;
    }
    Status run() {
      const auto stepped = step();
      return stepped ? Status() : Status(stepped.error());
    }
    [[nodiscard]] std::string text_at(int column) const {
      const auto *bytes = static_cast<const char *>(sqlite3_column_blob(statement_.get(), column));
      return bytes == nullptr ? "" : std::string(bytes, sqlite3_column_bytes(statement_.get(), column));
    }
    [[nodiscard]] std::int64_t number_at(int column) const { return sqlite3_column_int64(statement_.get(), column); }
    [[nodiscard]] double real_at(int column) const { return sqlite3_column_double(statement_.get(), column); }

  private:
    Statement &bound(const std::string &value, bool blob) {
      const auto size = static_cast<sqlite3_uint64>(value.size());
      const int code =
          blob ? sqlite3_bind_blob64(statement_.get(), ++at_, value.data(), size, SQLITE_TRANSIENT)
               : sqlite3_bind_text64(statement_.get(), ++at_, value.data(), size, SQLITE_TRANSIENT, SQLITE_UTF8);
      ok_ = ok_ && code == SQLITE_OK;
      return *this;
    }
    Impl &impl_;
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
    int at_ = 0;
    bool ok_ = false;
  };

  // All of it or nothing.
  template <class Work> Status together(Work work) {
    if (auto begun = run("begin immediate"); !begun) {
      return begun;
    }
    if (auto done = work(); !done) {
      (void)run("rollback");
      return done;
    }
    return run("commit");
  }

  // Under which number a part is kept; 0 for null.
  Result<std::int64_t> keep_part(const Json &part) {
    if (part.is_null()) {
      return 0;
    }
    const auto text = dump(part);
    if (auto kept = Statement(*this, "insert or ignore into part(json) values(?)").text(text).run(); !kept) {
      return kept.error();
    }
    Statement look(*this, "select id from part where json=?");
    const auto found = look.text(text).step();
    return found ? Result<std::int64_t>(look.number_at(0)) : Result<std::int64_t>(found.error());
  }

  Result<Json> part(std::int64_t id) {
    Statement look(*this, "select json from part where id=?");
    const auto found = look.number(id).step();
    if (!found) {
      return found.error();
    }
    return *found ? parse_json(look.text_at(0), file.string()) : Result<Json>(Json());
  }

  Result<Entry> read(const Statement &row, bool with_sound) {
    Entry entry;
    entry.id = row.number_at(0);
    entry.at = row.text_at(1);
    entry.language = row.text_at(2);
    entry.heard = row.text_at(3);
    entry.transcript = row.text_at(4);
    entry.confidence = row.real_at(10);
    entry.tier = row.text_at(11);
    entry.status = row.text_at(12);
    entry.agreed = row.number_at(13) != 0;
    entry.declined = row.number_at(14) != 0;
    if (with_sound) {
      entry.wav = row.text_at(16);
    }
    for (auto [into, column] : {std::pair(&entry.screen, 6), {&entry.actions, 7}, {&entry.contacts, 8}}) {
      auto read = part(row.number_at(column));
      if (!read) {
        return read.error();
      }
      *into = std::move(*read);
    }
    for (auto [into, column] : {std::pair(&entry.history, 5), {&entry.decision, 9}, {&entry.correction, 15}}) {
      const auto text = row.text_at(column);
      auto read = text.empty() ? Result<Json>(Json()) : parse_json(text, file.string());
      if (!read) {
        return read.error();
      }
      *into = std::move(*read);
    }
    return entry;
  }

  Status drop_unused() {
    return run("delete from part where id not in (select screen from turn where screen is not null union "
               "select actions from turn where actions is not null union "
               "select contacts from turn where contacts is not null)");
  }
};

Diary::Diary(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Diary::~Diary() = default;

fs::path Diary::usual_file() { return state_folder() / "turns.db"; }

Result<std::unique_ptr<Diary>> Diary::open(const fs::path &file) {
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  auto impl = std::make_unique<Impl>();
  impl->file = file;
  const auto before = ::umask(0077); // the journal beside it too
  sqlite3 *opened = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  impl->db.reset(opened);
  const auto made = code != SQLITE_OK ? Status(impl->failed("open")) : Status();
  constexpr int kPatienceMs = 3000; // with another process that writes
  if (made) {
    sqlite3_busy_timeout(opened, kPatienceMs);
  }
  const auto ready = made ? impl->run("pragma secure_delete=on") : made;
  Impl::Statement version(*impl, "pragma user_version");
  const auto known = ready ? version.step() : Result<bool>(ready.error());
  if (known && version.number_at(0) > kVersion) {
    ::umask(before);
    return Error{file.string() + " was made by a newer yanxing", "Use that one, or move the file away"};
  }
  const auto tables = known ? impl->run(kTables) : Status(known.error());
  const auto numbered = tables ? impl->run(("pragma user_version=" + std::to_string(kVersion)).c_str()) : tables;
  ::umask(before);
  if (!numbered) {
    return numbered.error();
  }
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write, error);
  return std::unique_ptr<Diary>(new Diary(std::move(impl)));
}

Result<std::int64_t> Diary::keep(const Entry &entry) {
  const auto written = impl_->together([&]() -> Status {
    Impl::Statement insert(*impl_, "insert into turn(at,language,heard,transcript,history,screen,actions,contacts,"
                                   "decision,confidence,tier,status,agreed,declined,correction,wav) "
                                   "values(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    insert.text(entry.at.empty() ? now() : entry.at).text(entry.language).text(entry.heard).text(entry.transcript);
    insert.text(dump(entry.history));
    for (const auto *part : {&entry.screen, &entry.actions, &entry.contacts}) {
      const auto id = impl_->keep_part(*part);
      if (!id) {
        return id.error();
      }
      *id == 0 ? insert.nothing() : insert.number(*id);
    }
    insert.text(dump(entry.decision)).real(entry.confidence).text(entry.tier).text(entry.status);
    insert.number(entry.agreed ? 1 : 0).number(entry.declined ? 1 : 0);
    entry.correction.is_null() ? insert.nothing() : insert.text(dump(entry.correction));
    entry.wav.empty() ? insert.nothing() : insert.blob(entry.wav);
    return insert.run();
  });
  if (!written) {
    return written.error();
  }
  return static_cast<std::int64_t>(sqlite3_last_insert_rowid(impl_->db.get()));
}

namespace {

Error no_such_turn(std::int64_t id) {
  return {"there is no turn " + std::to_string(id), "See 'yanxing corrections list'"};
}

} // namespace

Status Diary::correct(std::int64_t id, const Json &action) {
  Impl::Statement update(*impl_, "update turn set correction=? where id=?");
  action.is_null() ? update.nothing() : update.text(dump(action));
  if (auto done = update.number(id).run(); !done) {
    return done;
  }
  return sqlite3_changes(impl_->db.get()) == 1 ? Status() : Status(no_such_turn(id));
}

Status Diary::set_status(std::int64_t id, const std::string &status) {
  if (auto done = Impl::Statement(*impl_, "update turn set status=? where id=?").text(status).number(id).run(); !done) {
    return done;
  }
  return sqlite3_changes(impl_->db.get()) == 1 ? Status() : Status(no_such_turn(id));
}

Result<std::vector<Entry>> Diary::entries(bool corrected, bool with_sound) {
  Impl::Statement look(*impl_, std::string("select ") + kColumns + (with_sound ? ",wav" : "") + " from turn" +
                                   (corrected ? " where correction is not null" : "") + " order by id");
  std::vector<Entry> entries;
  while (true) {
    const auto more = look.step();
    if (!more) {
      return more.error();
    }
    if (!*more) {
      return entries;
    }
    auto entry = impl_->read(look, with_sound);
    if (!entry) {
      return entry.error();
    }
    entries.push_back(std::move(*entry));
  }
}

Result<std::optional<Entry>> Diary::find(std::int64_t id) {
  Impl::Statement look(*impl_, std::string("select ") + kColumns + ",wav from turn where id=?");
  const auto found = look.number(id).step();
  if (!found) {
    return found.error();
  }
  if (!*found) {
    return std::optional<Entry>();
  }
  auto entry = impl_->read(look, true);
  return entry ? Result<std::optional<Entry>>(std::move(*entry)) : Result<std::optional<Entry>>(entry.error());
}

Status Diary::forget(const std::vector<std::int64_t> &ids) {
  const auto deleted = impl_->together([&]() -> Status {
    for (const auto id : ids) {
      if (auto done = Impl::Statement(*impl_, "delete from turn where id=?").number(id).run(); !done) {
        return done;
      }
      if (sqlite3_changes(impl_->db.get()) != 1) {
        return no_such_turn(id);
      }
    }
    return impl_->drop_unused();
  });
  return deleted ? impl_->run("vacuum") : deleted;
}

Status Diary::forget_all() {
  const auto deleted = impl_->together([&] { return impl_->run("delete from turn; delete from part"); });
  return deleted ? impl_->run("vacuum") : deleted;
}

std::optional<Json> sample_of(const Entry &entry) {
  const bool done = entry.status == "done" || entry.status == "queued";
  const bool unwanted = entry.declined || entry.status == "undone";
  if (entry.correction.is_null() && !done && !unwanted) {
    return std::nullopt;
  }
  Json sample{{"id", "turn " + std::to_string(entry.id)}, {"transcript", entry.transcript}};
  if (!entry.history.empty()) {
    sample["history"] = entry.history;
  }
  sample["lang"] = entry.language;
  for (const auto &[key, part] :
       {std::pair("screen", &entry.screen), {"actions", &entry.actions}, {"contacts", &entry.contacts}}) {
    if (!part->is_null()) {
      sample[key] = *part;
    }
  }
  sample["action"] = entry.correction.is_null() ? entry.decision : entry.correction;
  if (!entry.correction.is_null() && entry.correction != entry.decision) {
    sample["rejected_action"] = entry.decision;
  } else if (unwanted) {
    sample["label"] = false;
  }
  return sample;
}

} // namespace yanxing::diary
