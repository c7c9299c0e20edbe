// The table of claims, and the ways of judging that several share.
#include "reports/claims/claims.h"

#include <fmt/core.h>

#include "reports/claims/judge.h"

namespace nety::reports {

using results::Verdict;

namespace {

struct ClaimRow {
  std::string_view id, subject, backend;
  MessageId group, statement;
  Judgement (*judge)(const Case&);
};

constexpr ClaimRow kClaims[] = {
#define NETY_CLAIM(id, group, judge, subject, backend, statement) \
  {id, subject, backend, message::report_group_##group, message::statement, judge_##judge},
#include "reports/claims/claims.def"
#undef NETY_CLAIM
};

constexpr std::string_view kIds[] = {
#define NETY_CLAIM(id, group, judge, subject, backend, statement) id,
#include "reports/claims/claims.def"
#undef NETY_CLAIM
};

}  // namespace

std::span<const std::string_view> claim_ids() { return kIds; }

std::optional<MessageId> group_of(std::string_view claim_id) {
  for (const ClaimRow& row : kClaims)
    if (row.id == claim_id) return row.group;
  return std::nullopt;
}

std::vector<results::Claim> judge(const results::File& file, const ClaimOptions& options) {
  std::vector<results::Claim> claims;
  for (const Subject& subject : subjects(file))
    for (results::Claim& claim : judge(Evidence(file, subject), options))
      claims.push_back(std::move(claim));
  return claims;
}

std::vector<results::Claim> judge(const Evidence& evidence, const ClaimOptions& options) {
  const Wording words(options.language);
  std::vector<results::Claim> claims;
  for (const ClaimRow& row : kClaims) {
    const Case about{evidence, words, options.admissible, row.subject, row.backend};
    Judgement judgement = row.judge(about);
    results::Claim claim;
    claim.id = row.id;
    if (evidence.machine() != nullptr) claim.machine = evidence.machine()->id;
    if (evidence.model() != nullptr) claim.model = evidence.model()->id;
    claim.statement = words.say(row.statement, {std::string(row.subject)});
    claim.verdict = judgement.verdict;
    claim.evidence = std::move(judgement.evidence);
    claim.margin = std::move(judgement.margin);
    claim.sensitivity = std::move(judgement.sensitivity);
    claim.command = std::move(judgement.command);
    claims.push_back(std::move(claim));
  }
  return claims;
}

Closeness closeness_of(const ConfigurationView& configuration, const Admissible& admissible) {
  return results::closeness_of(configuration.metric("quality", "kld"),
                               configuration.metric("quality", "top1_agreement"), admissible);
}

std::string closeness_text(const ConfigurationView& configuration, const Wording& words) {
  const results::Metric* kld = configuration.metric("quality", "kld");
  const results::Metric* top1 = configuration.metric("quality", "top1_agreement");
  if (kld == nullptr || top1 == nullptr || !kld->median) return "KLD -";
  std::string text = fmt::format("KLD {}", words.bare(*kld->median, kld->unit));
  if (kld->ci) text += fmt::format(" {}", words.interval(*kld));
  if (top1->median) text += fmt::format(", top-1 {}", words.bare(*top1->median, top1->unit));
  if (top1->ci) text += fmt::format(" {}", words.interval(*top1));
  return text + fmt::format(", n={}", words.count(kld->n));
}

std::string ratio_text(const Ratio& ratio, const Wording& words) {
  std::string text = words.times(ratio.value);
  if (ratio.ci)
    text += fmt::format(" {}",
                        words.range(words.number(ratio.ci->first), words.number(ratio.ci->second)));
  if (ratio.n > 0) text += fmt::format(" (n={})", ratio.n);
  return text;
}

const ConfigurationView* candidate_of(const Case& about) {
  return about.evidence.find(about.subject, about.backend);
}

std::string command_text(const Case& about, const std::string& options) {
  const std::string backend =
      about.backend.empty() ? "" : fmt::format("--backends {} ", about.backend);
  return fmt::format(
      "nety bench {}{} -o more.json && nety report nety-report/report.json more.json", backend,
      options);
}

bool is_tie(const Ratio& ratio) {
  return !ratio.logs.empty() && side_of(ratio.ci, 1 + kSpeedMargin) == Side::kBelow &&
         side_of(ratio.ci, 1 / (1 + kSpeedMargin)) == Side::kAbove;
}

Verdict verdict_of(Side side) {
  return side == Side::kAbove   ? Verdict::kSupported
         : side == Side::kBelow ? Verdict::kRefuted
                                : Verdict::kInconclusive;
}

Judgement not_tested(const Case& about, const ConfigurationView* configuration,
                     const std::string& command) {
  Judgement judgement;
  if (configuration == nullptr) {
    judgement.evidence = about.say(message::report_not_measured);
  } else {
    results::Status status = configuration->status();
    std::string reason = configuration->reason();
    // Where nothing failed, what was skipped is missing: quality is scored before speed.
    for (const results::Result* row : configuration->rows) {
      if (status != results::Status::kOk) break;
      status = row->status;
      reason = row->reason;
    }
    judgement.evidence = about.say(message::report_not_measured_because,
                                   {configuration->mode(), configuration->backend(),
                                    std::string(results::name_of(status)), reason});
  }
  judgement.command = command;
  return judgement;
}

}  // namespace nety::reports
