// What the bar charts show. How they are drawn is the renderers' business.
#include <fmt/core.h>

#include <algorithm>

#include "core/base/words.h"
#include "reports/chart_makers.h"

namespace nety::reports {
namespace {

using results::Metric;
using results::Status;

BarChart::Bar bar_for(const ConfigurationView& configuration) {
  BarChart::Bar bar;
  bar.label = configuration.mode();
  bar.sublabel = configuration.backend();
  bar.other = configuration.backend() != "native";
  return bar;
}

/// The text of a row without a bar: its status.
std::string why_none(const ConfigurationView& configuration) {
  if (configuration.status() == Status::kOk) return "-";
  return std::string(results::name_of(configuration.status()));
}

bool any_bar(const BarChart& chart) {
  return std::any_of(chart.bars.begin(), chart.bars.end(),
                     [](const BarChart::Bar& bar) { return !bar.parts.empty(); });
}

/// Tokens per second if each token's bytes were read at the measured bandwidth.
std::optional<double> roofline_of(const ConfigurationView& configuration) {
  const std::optional<double> bandwidth =
      configuration.value("decode", "read_bandwidth_bytes_per_s");
  const std::optional<double> bytes = configuration.value("decode", "bytes_per_token");
  if (!bandwidth || !bytes || *bytes <= 0) return std::nullopt;
  return *bandwidth / *bytes;
}

}  // namespace

std::optional<BarChart> decode_chart(const Evidence& evidence, const Wording& words) {
  BarChart chart;
  chart.id = "decode";
  chart.title = words.say(message::report_chart_decode);
  chart.axis = words.say(message::report_chart_decode_axis);
  std::vector<std::string> seen;
  bool wall = false, interval = false, other = false;
  for (const ConfigurationView& configuration : evidence.configurations()) {
    BarChart::Bar bar = bar_for(configuration);
    const Metric* rate = configuration.decode_rate();
    if (rate == nullptr) {
      bar.text = why_none(configuration);
    } else {
      bar.parts = {*rate->median};
      bar.interval = rate->ci;
      bar.mark = roofline_of(configuration);
      bar.text = words.number(*rate->median);
      if (const std::optional<double> share = configuration.value("decode", "mbu"))
        bar.text += fmt::format(" · {}", words.percent(*share));
    }
    wall = wall || bar.mark;
    interval = interval || bar.interval;
    other = other || bar.other;
    seen.push_back(fmt::format("{} {}: {}", bar.label, bar.sublabel, bar.text));
    chart.bars.push_back(std::move(bar));
  }
  if (!any_bar(chart)) return std::nullopt;
  chart.legend = {words.say(message::report_legend_own)};
  if (other) chart.other_name = words.say(message::report_legend_other);
  if (wall) chart.mark_name = words.say(message::report_legend_wall);
  if (interval) chart.interval_name = words.say(message::report_legend_interval);
  chart.description =
      words.say(message::report_chart_decode_description) + " " + joined(seen, "; ") + ".";
  return chart;
}

std::optional<BarChart> memory_chart(const Evidence& evidence, const Wording& words) {
  BarChart chart;
  chart.id = "memory";
  chart.title = words.say(message::report_chart_memory);
  chart.axis = words.say(message::report_chart_memory_axis);
  if (const results::Machine* machine = evidence.machine();
      machine != nullptr && machine->memory_available_bytes > 0) {
    chart.limit = static_cast<double>(machine->memory_available_bytes) / 1e6;
    chart.limit_name =
        words.say(message::report_chart_memory_limit,
                  {words.bytes(static_cast<double>(machine->memory_available_bytes))});
  }
  std::vector<std::string> seen;
  for (const ConfigurationView& configuration : evidence.configurations()) {
    BarChart::Bar bar = bar_for(configuration);
    const std::optional<double> peak = configuration.value("load", "peak_rss_bytes");
    if (!peak) {
      bar.text = why_none(configuration);
    } else {
      const double anonymous =
          std::min(configuration.value("load", "peak_anon_bytes").value_or(*peak), *peak);
      bar.parts = {anonymous / 1e6, (*peak - anonymous) / 1e6};
      bar.text = words.bytes(*peak);
      if (chart.limit) bar.text += fmt::format(" · {}", words.percent(*peak / 1e6 / *chart.limit));
    }
    seen.push_back(fmt::format("{} {}: {}", bar.label, bar.sublabel, bar.text));
    chart.bars.push_back(std::move(bar));
  }
  if (!any_bar(chart)) return std::nullopt;
  chart.legend = {words.say(message::report_legend_anonymous),
                  words.say(message::report_legend_mapped)};
  chart.description =
      words.say(message::report_chart_memory_description) + " " + joined(seen, "; ") + ".";
  return chart;
}

std::optional<BarChart> load_chart(const Evidence& evidence, const Wording& words) {
  BarChart chart;
  chart.id = "load";
  chart.title = words.say(message::report_chart_load);
  chart.axis = words.say(message::report_chart_load_axis);
  constexpr const char* kParts[] = {"load_read_s", "load_convert_s", "load_init_s"};
  std::vector<std::string> seen;
  for (const ConfigurationView& configuration : evidence.configurations()) {
    BarChart::Bar bar = bar_for(configuration);
    const std::optional<double> whole = configuration.value("load", "load_s");
    if (!whole) continue;
    double known = 0;
    for (const char* part : kParts) {
      bar.parts.push_back(configuration.value("load", part).value_or(0));
      known += bar.parts.back();
    }
    bar.parts.push_back(std::max(*whole - known, 0.0));
    bar.text = words.seconds(*whole);
    seen.push_back(fmt::format("{} {}: {}", bar.label, bar.sublabel, bar.text));
    chart.bars.push_back(std::move(bar));
  }
  if (!any_bar(chart)) return std::nullopt;
  chart.legend = {words.say(message::report_legend_read), words.say(message::report_legend_convert),
                  words.say(message::report_legend_init), words.say(message::report_legend_rest)};
  chart.description =
      words.say(message::report_chart_load_description) + " " + joined(seen, "; ") + ".";
  return chart;
}

}  // namespace nety::reports
