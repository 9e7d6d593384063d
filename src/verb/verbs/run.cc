#include "assistant/voice.h"
#include "base/log.h"
#include "base/paths.h"
#include "verb/listening.h"
#include "verb/parts.h"
#include "verb/station.h"
#include "verb/telling.h"
#include "verb/verb.h"

#include <CLI/CLI.hpp>

#include <chrono>
#include <iostream>

namespace yanxing::verb {
namespace {

struct Options : DecidingOptions {
  bool microphone = false;
  std::vector<std::string> audio;
  std::vector<std::string> texts;
  bool dry_run = false;
  bool yes = false;
  bool mute = false;
  bool remember = false;
  std::string reply_file;
  std::string annotated_file;
};

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

assistant::Narrator narrator(bool json) {
  if (json) {
    return nullptr;
  }
  return [](const std::string &stage, const std::string &text) {
    std::cout << stage << ": " << text << "\n" << std::flush;
  };
}

// One recording or sentence from the first look to the spoken reply.
class OneTurn {
public:
  OneTurn(const Options &options, Station &station) : options_(options), station_(station) {}

  Status take(const std::string &audio, const std::string &text) {
    auto &turn = *station_.turn;
    turn.begin();
    std::optional<audio::Clip> clip;
    if (!audio.empty()) { // a bad recording is said before anything is looked at
      auto read = audio::read_clip(audio);
      if (!read) {
        return read.error();
      }
      clip = std::move(*read);
    }
    const auto looking = Clock::now();
    auto sight = look(options_.screen, station_.desktop, *station_.reader);
    if (!sight) {
      return sight.error();
    }
    const auto picture = options_.annotated_file.empty() ? Picture{} : sight->picture;
    if (auto seen = turn.see(std::move(*sight), ms_since(looking)); !seen) {
      return seen;
    }
    tell_screen(turn.report().screen);
    const auto started = Clock::now(); // the end of speech, as far as a file has one
    if (clip) {
      const auto language = parse_language(options_.language);
      if (auto heard = turn.hear(*clip, *language); !heard) {
        return heard;
      }
    } else {
      turn.read(text);
    }
    if (auto decided = turn.decide(); !decided) {
      return decided;
    }
    if (auto acted = turn.act(); !acted) {
      return acted;
    }
    turn.report().timings_ms["endpoint"] = 0;
    turn.report().timings_ms["total"] = ms_since(started);
    if (auto said = say(turn.report()); !said) {
      return said;
    }
    finish(turn.report(), picture);
    if (station_.diarist) {
      station_.diarist->note(turn.report(), station_.registry);
    }
    return turn.report().outcome.status == action::OutcomeStatus::kFailed
               ? Status(Error{turn.report().outcome.detail, ""})
               : Status();
  }

private:
  void tell_screen(const Screen &screen) const {
    if (options_.json || screen.elements.empty()) {
      return;
    }
    std::cout << "saw: " << screen.elements.size() << " elements in "
              << (screen.title.empty() ? screen.app : screen.title) << "\n";
    constexpr std::size_t kShown = 12;
    for (std::size_t i = 0; i < std::min(kShown, screen.elements.size()); ++i) {
      const auto &element = screen.elements[i];
      std::cout << "     " << element.id << " [" << element.box.x << "," << element.box.y << " " << element.box.width
                << "×" << element.box.height << "] " << element.name;
      if (element.rows > 0) {
        std::cout << " (" << element.rows << " rows × " << element.columns << " columns)";
      }
      std::cout << "\n";
    }
  }

  Status say(assistant::TurnReport &report) {
    if (!options_.json) {
      std::cout << "reply: " << report.reply << "\n" << std::flush;
    }
    if (!station_.voice || report.reply.empty()) {
      return {};
    }
    auto said = station_.voice->say(report.reply);
    if (!said) {
      log_warning("the reply was not spoken: " + said.error().message());
      return {};
    }
    report.timings_ms["first_audio"] = said->first_audio_ms;
    if (!options_.reply_file.empty()) {
      if (!options_.json) {
        std::cout << "spoken: " << options_.reply_file << "\n";
      }
      return audio::write_wav(options_.reply_file, said->clip);
    }
    return {};
  }

  void finish(const assistant::TurnReport &report, const Picture &picture) const {
    if (!options_.annotated_file.empty() && !picture.empty()) {
      const auto drawn =
          screen::write_png(options_.annotated_file, screen::annotate(picture, report.screen, report.marked));
      if (!drawn) {
        log_warning(drawn.error().message());
      }
    }
    if (options_.json) {
      print_json(assistant::to_json(report));
    } else {
      print_timings(report);
    }
  }

  const Options &options_;
  Station &station_;
};

Status run(const Options &options) {
  if (!options.microphone && options.audio.empty() && options.texts.empty()) {
    return Error{"nothing to listen to", "Give --mic, --audio F.wav or --text \"…\""};
  }
  if (options.microphone) {
    ListeningOptions listening;
    listening.dry_run = options.dry_run;
    listening.yes = options.yes;
    listening.mute = options.mute || options.dry_run;
    listening.remember = options.remember;
    return listen(options, listening);
  }
  StationOptions wanted;
  wanted.ear = !options.audio.empty();
  wanted.voice = !options.mute && !options.dry_run;
  wanted.voice_to_file = !options.reply_file.empty();
  wanted.dry_run = options.dry_run;
  wanted.yes = options.yes;
  wanted.remember = options.remember;
  wanted.narrate = narrator(options.json);
  auto station = open_station(options, wanted);
  if (!station) {
    return station.error();
  }
  OneTurn one(options, **station);
  for (const auto &file : options.audio) {
    if (auto taken = one.take(file, ""); !taken) {
      return taken;
    }
  }
  for (const auto &text : options.texts) {
    if (auto taken = one.take("", text); !taken) {
      return taken;
    }
  }
  return {};
}

} // namespace

Verb make_run_verb() {
  return {"run", "hear, see, decide, act, speak",
          "  yanxing run --mic --screen live\n"
          "  yanxing run --audio say.wav --screen live --contacts contacts.vcf\n"
          "  yanxing run --text 'send this table to Anna' --screen shot.png --dry-run --json",
          [](CLI::App &app) -> std::function<Status()> {
            auto options = std::make_shared<Options>();
            app.add_flag("--mic", options->microphone, "listen to the microphone until interrupted: 'yanxing listen'");
            app.add_option("--audio", options->audio, "sound file(s), one turn each");
            app.add_option("--text", options->texts, "sentence(s) instead of speech, one turn each");
            add_deciding_options(app, *options);
            app.add_flag("--dry-run", options->dry_run, "decide and check, but do nothing");
            app.add_flag("--yes", options->yes, "answer every confirmation with yes");
            app.add_flag("--mute", options->mute, "do not speak the reply");
            app.add_flag("--remember", options->remember,
                         "keep this turn with its sound and screen, to learn from: 'yanxing corrections'");
            app.add_option("--reply", options->reply_file,
                           "write the spoken reply to this WAV file instead of playing it");
            app.add_option("--annotated", options->annotated_file, "write the screen with its elements marked (PNG)");
            return [options] { return run(*options); };
          },
          ""};
}

} // namespace yanxing::verb
