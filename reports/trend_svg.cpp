// The history as a picture: values, the levels found in them, and where they changed.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "reports/escape.h"
#include "reports/trend.h"

namespace nety::reports {
namespace {

using results::Direction;
using results::Trend;

constexpr double kWidth = 860, kHeight = 246, kLeft = 76, kRight = 16, kTop = 66, kBottom = 30;

// It is a file of its own: colours are here, for light and dark. Shapes say the same as they do.
constexpr const char* kStyle =
    "<style>text{font:12px system-ui,sans-serif;fill:#1a202c}.b{fill:#fff}.t{font-weight:600}"
    ".g{stroke:#cbd5e0}.v{fill:#4a5568}.o{fill:none;stroke:#4a5568}.l{stroke:#2b6cb0;"
    "stroke-width:2.5;fill:none}.w{stroke:#c53030;fill:#c53030}.i{stroke:#2f855a;fill:#2f855a}"
    ".n{stroke:#4a5568;fill:#4a5568}.c{stroke-dasharray:4 3}text.w,text.i,text.n{stroke:none}"
    "@media(prefers-color-scheme:dark){text{fill:#e2e8f0}.b{fill:#1a202c}.g{stroke:#4a5568}"
    ".v{fill:#a0aec0}.o{stroke:#a0aec0}.l{stroke:#63b3ed}.w{stroke:#fc8181;fill:#fc8181}"
    ".i{stroke:#68d391;fill:#68d391}.n{stroke:#a0aec0;fill:#a0aec0}}</style>";

const char* class_of(Direction direction) {
  if (direction == Direction::kWorse) return "w";
  return direction == Direction::kBetter ? "i" : "n";
}

class Panel {
 public:
  Panel(const Trend& trend, double top, const Wording& words)
      : trend_(trend), words_(words), top_(top) {
    for (const results::HistoryPoint& point : trend.series.points) {
      low_ = std::min(low_, point.value);
      high_ = std::max(high_, point.value);
    }
    const double room = high_ > low_ ? 0.06 * (high_ - low_) : 0.05 * high_;
    low_ -= room;
    high_ += room;
  }

  std::string draw() const {
    std::string out = fmt::format(
        "<g><title>{0}</title><text class=\"t\" x=\"10\" y=\"{1:.0f}\">{0}</text>",
        text(title_of(trend_.series, words_) + " \u00b7 " + trend_.series.machine), top_ + 18);
    out += axis() + values() + levels();
    bool upper = false;
    for (const results::ChangePoint& change : trend_.found.changes) {
      out += mark(change, upper);
      upper = !upper;
    }
    return out + commits() + "</g>\n";
  }

 private:
  static std::string text(const std::string& plain) { return escape_html(one_line(plain)); }
  double x(double i) const {
    const auto last = static_cast<double>(trend_.series.points.size() - 1);
    return kLeft + (kWidth - kLeft - kRight) * (last > 0 ? i / last : 0.5);
  }
  double y(double value) const {
    return top_ + kTop + (kHeight - kTop - kBottom) * (high_ - value) / (high_ - low_);
  }

  std::string axis() const {
    std::string out;
    for (const double share : {0.0, 0.5, 1.0}) {
      const double value = low_ + share * (high_ - low_);
      out += fmt::format(
          "<line class=\"g\" x1=\"{:.0f}\" x2=\"{:.0f}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/><text "
          "x=\"{:.0f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>",
          kLeft, kWidth - kRight, y(value), y(value), kLeft - 6, y(value) + 4,
          text(words_.bare(value, trend_.series.unit)));
    }
    return out;
  }

  std::string values() const {
    std::string out;
    const auto& points = trend_.series.points;
    const auto& outliers = trend_.found.outliers;
    for (size_t i = 0; i < points.size(); ++i) {
      const bool aside = std::binary_search(outliers.begin(), outliers.end(), i);
      out += fmt::format(
          "<circle class=\"{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.5\"><title>{} {}: "
          "{}</title></circle>",
          aside ? "o" : "v", x(static_cast<double>(i)), y(points[i].value),
          text(short_commit(points[i].commit)), text(points[i].created_utc),
          text(words_.quantity(points[i].value, trend_.series.unit)));
    }
    return out;
  }

  std::string levels() const {
    std::string out;
    for (const results::Piece& piece : trend_.found.pieces)
      out += fmt::format("<path class=\"l\" d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}\"/>",
                         x(static_cast<double>(piece.begin)), y(piece.first),
                         x(static_cast<double>(piece.end) - 1), y(piece.last));
    return out;
  }

  /// A line where it changed, its size beside it; an arrow says which way. Sizes stand in two rows
  /// in turn, since neighbours may be near.
  std::string mark(const results::ChangePoint& change, bool upper) const {
    const double label = top_ + kTop - (upper ? 28 : 12);
    const char* const kind = class_of(trend_.direction(change.size));
    const double at = x(static_cast<double>(change.index) - 0.5);
    return fmt::format(
        "<g><title>{}</title><line class=\"c {}\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" "
        "y2=\"{:.1f}\"/><text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{} "
        "{}</text></g>",
        text(size_of(change, words_) + " " + place_of(trend_, change, words_)), kind, at, at,
        label + 4, top_ + kHeight - kBottom, kind, at, label, at > kWidth - 150 ? "end" : "start",
        change.size > 0 ? "\u25b2" : "\u25bc", text(size_of(change, words_)));
  }

  std::string commits() const {
    const auto& points = trend_.series.points;
    const double below = top_ + kHeight - 8;
    return fmt::format(
        "<text x=\"{:.0f}\" y=\"{:.0f}\">{}</text><text x=\"{:.0f}\" y=\"{:.0f}\" "
        "text-anchor=\"end\">{}</text>",
        kLeft, below, text(short_commit(points.front().commit)), kWidth - kRight, below,
        text(short_commit(points.back().commit)));
  }

  const Trend& trend_;
  const Wording& words_;
  double top_, low_ = INFINITY, high_ = 0;
};

}  // namespace

std::string svg_trends(const TrendReport& report, Language language) {
  const Wording words(language);
  const double height = kHeight * static_cast<double>(report.trends.size());
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
      "viewBox=\"0 0 {0:.0f} {1:.0f}\" role=\"img\" aria-labelledby=\"t d\"><title "
      "id=\"t\">{2}</title><desc id=\"d\">{3}</desc>{4}<rect class=\"b\" width=\"100%\" "
      "height=\"100%\"/>\n",
      kWidth, height, escape_html(words.say(message::trend_title)),
      escape_html(one_line(trend_headline(report, words))), kStyle);
  for (size_t i = 0; i < report.trends.size(); ++i)
    out += Panel(report.trends[i], kHeight * static_cast<double>(i), words).draw();
  return out + "</svg>\n";
}

}  // namespace nety::reports
