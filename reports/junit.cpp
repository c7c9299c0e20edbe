// One test case per claim: refuted ones fail with their evidence, the undecided are skipped.
#include <fmt/core.h>

#include <algorithm>

#include "reports/comparison.h"
#include "reports/escape.h"
#include "reports/render.h"

namespace nety::reports {

using results::Claim;
using results::Verdict;

std::string render_junit(const results::File& file, const ClaimOptions& options) {
  const std::string header = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  if (file.results.empty() && !file.comparisons.empty())
    return header + junit_comparisons(file, Wording(options.language));
  const std::vector<Claim> claims = judge(file, options);
  const auto count = [&claims](auto&& predicate) {
    return std::count_if(claims.begin(), claims.end(), predicate);
  };
  const auto failures =
      count([](const Claim& claim) { return claim.verdict == Verdict::kRefuted; });
  const auto skipped = count([](const Claim& claim) {
    return claim.verdict == Verdict::kInconclusive || claim.verdict == Verdict::kNotTested;
  });
  const bool several = subjects(file).size() > 1;
  std::string out = header;
  out +=
      fmt::format("<testsuite name=\"nety claims\" tests=\"{}\" failures=\"{}\" skipped=\"{}\">\n",
                  claims.size(), failures, skipped);
  for (const Claim& claim : claims) {
    const std::string name =
        several ? fmt::format("{} ({}, {})", claim.id, claim.machine, claim.model) : claim.id;
    out += fmt::format("  <testcase classname=\"nety.claims\" name=\"{}\">\n", escape_html(name));
    const std::string message =
        escape_html(fmt::format("{} {}", claim.statement, results::name_of(claim.verdict)));
    const std::string detail =
        escape_html(fmt::format("{}\n{}\n{}", claim.evidence, claim.margin, claim.sensitivity));
    if (claim.verdict == Verdict::kRefuted)
      out += fmt::format("    <failure message=\"{}\">{}</failure>\n", message, detail);
    else if (claim.verdict == Verdict::kSupported)
      out += fmt::format("    <system-out>{}</system-out>\n", detail);
    else
      out += fmt::format("    <skipped message=\"{}: {}\">{}</skipped>\n", message,
                         escape_html(one_line(claim.evidence)), escape_html(claim.command));
    out += "  </testcase>\n";
  }
  return out + "</testsuite>\n";
}

}  // namespace nety::reports
