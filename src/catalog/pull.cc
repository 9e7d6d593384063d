// How a model comes to be: each file is put together beside its final place in models_folder()/.partial, part by
// part (an archive is fetched, verified, its member appended, and deleted where nothing else needs it), hashed,
// converted where it must be, and renamed. A journal of whole parts lets an interrupted pull go on.
#include "base/descriptor.h"
#include "base/files.h"
#include "base/log.h"
#include "base/paths.h"
#include "catalog/archive.h"
#include "catalog/catalog.h"
#include "catalog/ct2_to_ggml.h"
#include "catalog/index.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <sstream>
#include <sys/file.h>
#include <unistd.h>

namespace yanxing::catalog {
namespace fs = std::filesystem;
namespace {

Error failed(const std::string &doing, const fs::path &path, int code) {
  return Error{"cannot " + doing + " " + path.string() + ": " + std::strerror(code),
               code == ENOSPC || code == EDQUOT ? "Free some disk space and run this again: it goes on there" : ""};
}

bool append(int fd, std::span<const char> bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written < 0) {
      return false;
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

// How far a file's assembly got: whole parts, and the bytes they gave.
struct Journal {
  std::size_t parts = 0;
  std::uint64_t bytes = 0;
};

Journal read_journal(const fs::path &path) {
  Journal journal;
  const auto text = read_file(path, 64);
  if (!text) {
    return {};
  }
  std::istringstream in(*text);
  return in >> journal.parts >> journal.bytes ? journal : Journal{};
}

std::vector<Part> all_parts(const Model::File &file) {
  auto parts = file.parts;
  if (file.tokenizer) {
    parts.push_back(*file.tokenizer);
  }
  return parts;
}

class Puller {
public:
  Puller(const Model &model, const std::function<void(const Progress &)> &progress, const PullOptions &options)
      : model_(model), progress_(progress), options_(options), partial_(models_folder() / ".partial"),
        folder_(models_folder() / model.name) {}

  Status run() {
    std::error_code code;
    fs::create_directories(partial_, code);
    fs::create_directories(folder_, code);
    if (code) {
      return Error{"cannot create " + folder_.string() + ": " + code.message(),
                   "Set YANXING_MODELS to a folder that can be written"};
    }
    const Descriptor lock(::open((partial_ / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (lock.get() < 0) {
      return failed("write", partial_ / "lock", errno);
    }
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
      log_info("another pull is running; waiting for it");
      ::flock(lock.get(), LOCK_EX);
    }
    plan();
    if (auto room = check_disk(); !room) {
      return room;
    }
    for (const auto *file : missing_) {
      if (auto made = file->is_folder() ? make_folder(*file) : make_file(*file); !made) {
        return made;
      }
    }
    return {};
  }

private:
  // What is missing, which archives that takes, and how often each is needed.
  void plan() {
    for (const auto &file : model_.files) {
      if (installed(model_, file)) {
        continue;
      }
      missing_.push_back(&file);
      const auto done = file.is_folder() ? 0 : read_journal(journal_path(file)).parts;
      const auto parts = all_parts(file);
      for (std::size_t i = std::min(done, file.parts.size()); i < parts.size(); ++i) {
        if (uses_[parts[i].sha256]++ == 0) {
          total_bytes_ += parts[i].archive_bytes;
        }
      }
    }
  }

  // Archives are deleted as they are used up, so at the worst the files stand beside the largest archive.
  Status check_disk() const {
    std::uint64_t need = 0;
    std::uint64_t largest = 0;
    for (const auto *file : missing_) {
      const auto there = file->is_folder() ? 0 : read_journal(journal_path(*file)).bytes;
      need += (file->bytes - std::min(file->bytes, there)) + (file->convert.empty() ? 0 : file->bytes);
      for (const auto &part : all_parts(*file)) {
        largest = std::max(largest, part.archive_bytes);
      }
    }
    std::error_code code;
    const auto space = fs::space(folder_, code);
    constexpr std::uint64_t kMebi = std::uint64_t{1} << 20;
    if (!code && space.available < need + largest) {
      return Error{"the disk of " + models_folder().string() + " has " + std::to_string(space.available / kMebi) +
                       " MiB free, but " + model_.name + " needs " + std::to_string((need + largest) / kMebi) + " MiB",
                   "Free some space, or set YANXING_MODELS to another disk"};
    }
    return {};
  }

  [[nodiscard]] fs::path assembly_path(const Model::File &file) const { return partial_ / (file.sha256 + ".file"); }
  [[nodiscard]] fs::path journal_path(const Model::File &file) const { return partial_ / (file.sha256 + ".parts"); }
  [[nodiscard]] fs::path archive_path(const Part &part) const { return partial_ / (part.sha256 + ".part"); }

  void report(const Part &part, std::uint64_t held) {
    progress_({model_.name, std::min(total_bytes_, done_bytes_ + std::min(held, part.archive_bytes)), total_bytes_});
  }

  // An archive in a folder the user named (--from, PIP_FIND_LINKS), if it is the pinned one.
  [[nodiscard]] fs::path found_locally(const Part &part) const {
    std::vector<fs::path> folders;
    if (!options_.from.empty()) {
      folders.push_back(options_.from);
    }
    const char *links = std::getenv("PIP_FIND_LINKS"); // NOLINT(concurrency-mt-unsafe)
    std::istringstream words(links != nullptr ? links : "");
    for (std::string word; words >> word;) {
      folders.emplace_back(word);
    }
    for (const auto &folder : folders) {
      auto path = folder / part.file;
      std::error_code code;
      if (!fs::is_regular_file(path, code)) {
        continue;
      }
      const auto hash = sha256_of_file(path);
      if (hash && *hash == part.sha256) {
        return path;
      }
      log_warning(path.string() + " is not the file that is pinned (its sha256 differs); it is not used");
    }
    return {};
  }

  // The part's archive, whole and verified.
  Result<fs::path> archive(const Part &part) {
    const auto path = archive_path(part);
    if (const auto known = verified_.find(part.sha256); known != verified_.end()) {
      return known->second;
    }
    if (auto local = found_locally(part); !local.empty()) {
      verified_[part.sha256] = local;
      return local;
    }
    const auto url = index_.archive_url(part);
    if (!url) {
      return url.error();
    }
    auto fetched = fetch_file(*url, path, part.archive_bytes, [&](std::uint64_t held) { report(part, held); });
    if (!fetched) {
      return fetched.error();
    }
    const auto hash = sha256_of_file(path);
    if (!hash) {
      return hash.error();
    }
    if (*hash != part.sha256) {
      std::error_code code;
      fs::remove(path, code);
      return Error{part.file + " is not the file that is pinned: its sha256 is " + *hash + " instead of " +
                       part.sha256 + "; it was removed",
                   "Run this again; if it stays so, the package index is not to be trusted"};
    }
    verified_[part.sha256] = path;
    return path;
  }

  // One use of the archive is over; after the last it is deleted (where it is ours).
  void release(const Part &part) {
    if (--uses_[part.sha256] > 0) {
      return;
    }
    std::error_code code;
    fs::remove(archive_path(part), code);
    done_bytes_ += part.archive_bytes;
    report(part, 0);
  }

  // Appends what is missing of the parts to the assembly file.
  Status assemble(const Model::File &file) {
    auto journal = read_journal(journal_path(file));
    const auto path = assembly_path(file);
    const Descriptor out(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    if (out.get() < 0) {
      return failed("write", path, errno);
    }
    std::error_code code;
    if (journal.parts > file.parts.size() || fs::file_size(path, code) < journal.bytes) {
      journal = {};
    }
    if (::ftruncate(out.get(), static_cast<off_t>(journal.bytes)) != 0 || ::lseek(out.get(), 0, SEEK_END) < 0) {
      return failed("write", path, errno);
    }
    for (; journal.parts < file.parts.size(); ++journal.parts) {
      const auto &part = file.parts[journal.parts];
      const auto source = archive(part);
      if (!source) {
        return source.error();
      }
      int write_error = 0;
      auto taken = extract_member(*source, part.member, [&](std::span<const char> bytes) {
        journal.bytes += bytes.size();
        write_error = append(out.get(), bytes) ? 0 : errno;
        return write_error == 0;
      });
      if (!taken) {
        return write_error != 0 ? failed("write", path, write_error) : taken.error();
      }
      if (::fdatasync(out.get()) != 0) {
        return failed("write", path, errno);
      }
      const auto line = std::to_string(journal.parts + 1) + " " + std::to_string(journal.bytes) + "\n";
      if (auto noted = write_file(journal_path(file), line); !noted) {
        return noted;
      }
      release(part);
    }
    return check_assembly(file);
  }

  Status check_assembly(const Model::File &file) {
    const auto hash = sha256_of_file(assembly_path(file));
    if (!hash) {
      return hash.error();
    }
    if (*hash != file.sha256) {
      discard(file);
      return Error{model_.name + "/" + file.name + " did not come together right: its sha256 is " + *hash +
                       " instead of " + file.sha256 + "; it was removed",
                   "Run this again"};
    }
    return {};
  }

  void discard(const Model::File &file) const {
    std::error_code code;
    fs::remove(assembly_path(file), code);
    fs::remove(journal_path(file), code);
  }

  Status make_file(const Model::File &file) {
    if (auto assembled = assemble(file); !assembled) {
      return assembled;
    }
    auto ready = assembly_path(file);
    if (!file.convert.empty()) {
      auto converted = convert(file);
      if (!converted) {
        return converted.error();
      }
      ready = *converted;
    }
    std::error_code code;
    fs::rename(ready, folder_ / file.name, code);
    if (code) {
      return Error{"cannot move " + ready.string() + " to " + folder_.string() + ": " + code.message(), ""};
    }
    discard(file);
    return {};
  }

  Result<fs::path> convert(const Model::File &file) {
    const auto tokenizer = partial_ / (file.sha256 + ".tokenizer.json");
    const auto out = partial_ / (file.sha256 + ".converted");
    const auto source = archive(*file.tokenizer);
    if (!source) {
      return source.error();
    }
    std::string text;
    auto taken = extract_member(*source, file.tokenizer->member, [&](std::span<const char> bytes) {
      text.append(bytes.data(), bytes.size());
      return true;
    });
    if (!taken) {
      return taken.error();
    }
    if (auto written = write_file(tokenizer, text); !written) {
      return written.error();
    }
    release(*file.tokenizer);
    auto converted = ct2_to_ggml(assembly_path(file), tokenizer, out);
    std::error_code code;
    fs::remove(tokenizer, code);
    return converted ? Result<fs::path>(out) : Result<fs::path>(converted.error());
  }

  Status make_folder(const Model::File &file) {
    const auto &part = file.parts.front();
    const auto source = archive(part);
    if (!source) {
      return source.error();
    }
    const auto bare = file.name.substr(0, file.name.size() - 1);
    const auto made = partial_ / (part.sha256 + ".folder");
    std::error_code code;
    fs::remove_all(made, code);
    if (auto unpacked = extract_matching(*source, part.member, made); !unpacked) {
      return unpacked;
    }
    fs::remove_all(folder_ / bare, code);
    fs::rename(made, folder_ / bare, code);
    if (code) {
      return Error{"cannot move " + made.string() + " to " + folder_.string() + ": " + code.message(), ""};
    }
    release(part);
    return {};
  }

  const Model &model_;
  const std::function<void(const Progress &)> &progress_;
  const PullOptions &options_;
  fs::path partial_;
  fs::path folder_;
  PackageIndex index_;
  std::vector<const Model::File *> missing_;
  std::map<std::string, int> uses_;          // archive's sha256 → members still to be taken
  std::map<std::string, fs::path> verified_; // archive's sha256 → where it lies
  std::uint64_t total_bytes_ = 0;
  std::uint64_t done_bytes_ = 0;
};

} // namespace

Status pull(const Model &model, const std::function<void(const Progress &)> &progress, const PullOptions &options) {
  if (installed(model)) {
    return {};
  }
  return Puller(model, progress, options).run();
}

} // namespace yanxing::catalog
