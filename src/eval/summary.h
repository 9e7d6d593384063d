// What many scored rows say together: rates with their uncertainty, reward, latency, per tier and over all.
#pragma once

#include "eval/scorer.h"
#include "eval/text_errors.h"
#include "text/calibration.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace yanxing::eval {

struct Interval {
  double low = 0;
  double high = 1;
};
// 95 % interval of a rate (Wilson 1927): honest for small counts and for rates near 0 or 1. [0,1] where all is 0.
Interval wilson(std::size_t right, std::size_t all);

// By linear interpolation between the closest ranks; `share` in 0..1. 0 where there is no value.
double percentile(std::vector<double> values, double share);

struct RowResult {
  std::optional<Score> score;               // rows with a gold action
  std::optional<TextErrors> text;           // rows with a gold transcript
  Language language = Language::kChinese;   // of the transcript
  std::string tier;                         // which tier decided; empty where none did
  std::optional<double> confidence;         // of that decision
  std::map<std::string, double> timings_ms; // per stage, as in the prediction
  // An error instead of a result. It still counts: give it the score of an empty prediction, the errors of an empty
  // text.
  bool failed = false;
};

class Summary {
public:
  void add(const RowResult &row);
  // {rows, errors, exact:{rate,low,high,n}, name, argument:{precision,recall,f1}, abstain:{…}, reward:{sum,mean},
  // calibration:{error,bins:[{n,confidence,right}]}, text:{cer,wer,…}, latency_ms:{stage:{p50,p95,n}},
  // tiers:{light:{…}}}; parts without rows are left out.
  [[nodiscard]] Json to_json() const;
  // Of this tier, those that had a gold action.
  [[nodiscard]] std::vector<text::JudgedDecision> decisions(const std::string &tier) const;

private:
  struct Rate {
    std::size_t right = 0;
    std::size_t all = 0;
    void count(bool is_right);
    [[nodiscard]] Json to_json() const;
  };
  struct Heard {
    TextErrors errors;
    Rate perfect;
  };
  struct Group {
    std::size_t rows = 0;
    std::size_t errors = 0;
    Rate exact, name, abstained_rightly, acted_rightly, asked;
    std::size_t arguments_expected = 0, arguments_given = 0, arguments_right = 0;
    double row_f1 = 0;
    double reward = 0;
    std::vector<text::JudgedDecision> decisions;
    std::map<Language, Heard> heard;
    std::map<std::string, std::vector<double>> timings_ms;

    void add(const RowResult &row);
    [[nodiscard]] Json to_json() const;
  };
  Group all_;
  std::map<std::string, Group> tiers_;
};

} // namespace yanxing::eval
