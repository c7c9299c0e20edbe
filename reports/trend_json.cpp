// Change points for programs. Numbers that are not finite are null.
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/base/printable.h"
#include "reports/trend.h"

namespace nety::reports {
namespace {

using Json = nlohmann::ordered_json;
using results::Trend;

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(); }

Json change_json(const Trend& trend, const results::ChangePoint& change) {
  const auto& points = trend.series.points;
  return {{"index", change.index},
          {"verdict", results::name_of(trend.direction(change.size))},
          {"size", number(change.size)},
          {"interval", {number(change.interval.first), number(change.interval.second)}},
          {"p", number(change.p)},
          {"before", number(change.before)},
          {"after", number(change.after)},
          {"last_before", points[change.index - 1].commit},
          {"first_after", points[change.index].commit},
          {"created_utc", points[change.index].created_utc},
          {"place_95", {points[change.earliest - 1].commit, points[change.latest].commit}}};
}

Json piece_json(const Trend& trend, const results::Piece& piece) {
  const auto& points = trend.series.points;
  return {{"first_commit", points[piece.begin].commit},
          {"last_commit", points[piece.end - 1].commit},
          {"n", piece.end - piece.begin},
          {"drifts", piece.drifts},
          {"first", number(piece.first)},
          {"last", number(piece.last)}};
}

Json series_json(const Trend& trend) {
  const results::HistorySeries& series = trend.series;
  Json json = {{"metric", series.metric},
               {"mode", series.mode},
               {"machine", series.machine},
               {"n_prompt", series.n_prompt},
               {"n_gen", series.n_gen},
               {"depth", series.depth},
               {"unit", series.unit},
               {"n", series.points.size()},
               {"worse_now", trend.not_mended() != nullptr},
               {"noise", number(trend.found.noise)},
               {"correlation", number(trend.found.correlation)}};
  json["changes"] = Json::array();
  for (const results::ChangePoint& change : trend.found.changes)
    json["changes"].push_back(change_json(trend, change));
  json["pieces"] = Json::array();
  for (const results::Piece& piece : trend.found.pieces)
    json["pieces"].push_back(piece_json(trend, piece));
  json["outliers"] = Json::array();
  for (const size_t i : trend.found.outliers) json["outliers"].push_back(series.points[i].commit);
  return json;
}

}  // namespace

std::string json_trends(const TrendReport& report) {
  Json json = {{"schema", "nety.trend/1"},
               {"history", report.source},
               {"options",
                {{"margin", report.options.margin},
                 {"alpha", report.options.alpha},
                 {"permutations", report.options.permutations}}}};
  json["series"] = Json::array();
  for (const Trend& trend : report.trends) json["series"].push_back(series_json(trend));
  return printable_json(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace nety::reports
