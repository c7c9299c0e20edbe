// Sentences and numbers in the reader's language. Knows units, never metrics.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/results/results.h"
#include "reports/messages.h"

namespace nety::reports {

class Wording {
 public:
  explicit Wording(Language language) : language_(language) {}
  Language language() const { return language_; }

  /// A message of the table with its values.
  std::string say(MessageId id, std::vector<std::string> args = {}) const;

  /// Three significant digits; below 1e-4 with an exponent: "1480", "78.9", "2.0e-5".
  std::string number(double value) const;
  /// "1,234,567" or "1 234 567".
  std::string count(int64_t value) const;
  std::string bytes(double value) const;    ///< "29.0 GB", "29,0 Go"
  std::string seconds(double value) const;  ///< "0.042 s"
  std::string percent(double share) const;  ///< "87.1 %"
  std::string plain(double value) const;    ///< A limit, as it was set: "0.01", "96".
  std::string times(double ratio) const;    ///< "1.99x", with a multiplication sign

  /// A value as its unit wants it: bytes, bytes/s, s, ratio (a share), tok/s and the rest.
  std::string quantity(double value, const std::string& unit) const;
  /// The same without the unit where a column's title has it: "78.9".
  std::string bare(double value, const std::string& unit) const;
  /// What stands in a column's title for that unit: "tok/s"; empty where cells carry it.
  std::string column_unit(const std::string& unit) const;
  /// Two numbers as an interval: "[77.8, 80.5]", "[77,8 ; 80,5]".
  std::string range(const std::string& low, const std::string& high) const;
  /// "[77.8, 80.5]", or empty without an interval. Only bytes carry their unit inside.
  std::string interval(const results::Metric& metric) const;
  /// "79.1 tok/s [77.8, 80.5]", marked if estimated; a dash without a value.
  std::string metric(const results::Metric& metric) const;

 private:
  std::string local(std::string number) const;
  Language language_;
};

}  // namespace nety::reports
