// Sessions: what is written is read again, and nothing else is taken for one.
#include "app/talk/session_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "app/talk/checksum.h"
#include "app/talk/model_hash.h"
#include "app/talk/session_store.h"
#include "tests/error_of.h"
#include "tests/paths.h"

namespace nety::talk {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

Session some_session() {
  Session session;
  session.running = {.model = "tiny",
                     .hash = "00ff",
                     .mode = "fp32",
                     .head = "",
                     .compute = "",
                     .backend = "native",
                     .kv = "bf16"};
  session.model_path = "models/tiny.gguf";
  session.context = 512;
  session.created_utc = "2026-01-31T12:00:00Z";
  session.system = "Sois bref.";
  session.turns = {{"user", "Où ça ?\n\"là\"\\"},
                   {"assistant", "Ici.", "hm", "<think>hm</think>Ici."}};
  session.forgotten = 1;
  session.tokens = {1, 2, 300, 4};
  session.settings = {{"seed", "7"}, {"temp", "0.3"}};
  session.layers = 3;
  session.layer_bytes = 40;
  return session;
}

void fill(int64_t layer, std::span<std::byte> to) {
  for (size_t i = 0; i < to.size(); ++i)
    to[i] = static_cast<std::byte>((static_cast<size_t>(layer) + 1) * 31 + i);
}

class SessionFiles : public testing::Test {
 protected:
  fs::path write(const Session& session) {
    const fs::path path = folder_.file("x.netychat");
    write_session(path, session, fill);
    return path;
  }
  static std::string bytes_of(const fs::path& path) { return read_file(path); }
  TemporaryFolder folder_;
};

TEST_F(SessionFiles, AreReadAsTheyWereWritten) {
  const Session written = some_session();
  const KeptSession kept = read_session(write(written));
  const Session& read = kept.session;
  EXPECT_EQ(read.running, written.running);
  EXPECT_EQ(read.model_path, written.model_path);
  EXPECT_EQ(read.context, written.context);
  EXPECT_EQ(read.created_utc, written.created_utc);
  EXPECT_EQ(read.system, written.system);
  EXPECT_EQ(read.forgotten, written.forgotten);
  EXPECT_EQ(read.tokens, written.tokens);
  EXPECT_EQ(read.settings, written.settings);
  ASSERT_EQ(read.turns.size(), 2U);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(read.turns[i].role, written.turns[i].role);
    EXPECT_EQ(read.turns[i].content, written.turns[i].content);
    EXPECT_EQ(read.turns[i].thinking, written.turns[i].thinking);
    EXPECT_EQ(read.turns[i].whole, written.turns[i].whole);
  }
  ASSERT_EQ(kept.layers.size(), 120U);
  std::vector<std::byte> layer(40);
  for (int64_t i = 0; i < 3; ++i) {
    fill(i, layer);
    EXPECT_EQ(std::memcmp(kept.layers.data() + 40 * i, layer.data(), 40), 0) << i;
  }
}

TEST_F(SessionFiles, NeedNoState) {
  Session session = some_session();
  session.layers = session.layer_bytes = 0;
  EXPECT_TRUE(read_session(write(session)).layers.empty());
}

TEST_F(SessionFiles, AreRefusedWithAnyByteChanged) {
  const fs::path path = write(some_session());
  const std::string whole = bytes_of(path);
  for (size_t at = 0; at < whole.size(); ++at)
    for (const char change : {'\x01', '\x80', '\xff'}) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ change);
      std::ofstream(path, std::ios::binary) << damaged;
      const Error error = error_of([&] { read_session(path); });
      ASSERT_EQ(error.kind(), ErrorKind::kCheckpoint) << at;
      ASSERT_THAT(error.what(), HasSubstr("x.netychat")) << at;
      ASSERT_FALSE(error.hint().empty());
    }
}

TEST_F(SessionFiles, AreRefusedWithAnEndMissingOrMore) {
  const fs::path path = write(some_session());
  const std::string whole = bytes_of(path);
  for (size_t size = 0; size < whole.size(); ++size) {
    std::ofstream(path, std::ios::binary) << whole.substr(0, size);
    ASSERT_EQ(error_of([&] { read_session(path); }).kind(), ErrorKind::kCheckpoint) << size;
  }
  for (const std::string& more : {std::string(1, '\0'), std::string(8, '\0'), whole}) {
    std::ofstream(path, std::ios::binary) << whole << more;
    ASSERT_EQ(error_of([&] { read_session(path); }).kind(), ErrorKind::kCheckpoint);
  }
}

/// A file whose checksum is right, whatever else is wrong with it.
void write_summed(const fs::path& path, std::string bytes) {
  Checksum sum;
  sum.add(bytes);
  const uint64_t value = sum.value();
  std::ofstream(path, std::ios::binary)
      << bytes << std::string_view(reinterpret_cast<const char*>(&value), sizeof value);
}

TEST_F(SessionFiles, OfAnotherVersionOrWithAnotherHeaderAreRefused) {
  const fs::path path = write(some_session());
  const std::string whole = bytes_of(path), plain = whole.substr(0, whole.size() - 8);
  std::string changed = plain;
  changed[8] = 9;
  write_summed(path, changed);
  EXPECT_THAT(error_of([&] { read_session(path); }).what(), HasSubstr("version 9"));
  changed = plain;
  changed[15] = 1;  // a header of 16 MB
  write_summed(path, changed);
  EXPECT_THAT(error_of([&] { read_session(path); }).what(), HasSubstr("cut off"));
  changed = plain;
  changed[16] = 'x';
  write_summed(path, changed);
  EXPECT_THAT(error_of([&] { read_session(path); }).what(), HasSubstr("header"));
  write_summed(path, plain + "12345678");
  EXPECT_THAT(error_of([&] { read_session(path); }).what(), HasSubstr("layers"));
}

TEST_F(SessionFiles, LeaveTheOldOneWhereWritingFails) {
  const fs::path path = write(some_session());
  const std::string before = bytes_of(path);
  EXPECT_EQ(error_of([&] {
              write_session(path, some_session(), [](int64_t layer, std::span<std::byte>) {
                if (layer == 1) throw Error(ErrorKind::kIo, "no more");
              });
            }).what(),
            std::string("no more"));
  EXPECT_EQ(bytes_of(path), before);
  EXPECT_EQ(std::distance(fs::directory_iterator(path.parent_path()), {}), 1);
  EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST(SessionsOfAModel, AreRefusedForAnother) {
  const Session session = some_session();
  EXPECT_NO_THROW(require_same_model(session, session.running, "x"));
  Running kv = session.running;
  kv.kv = "fp32";
  kv.backend = "torch";
  EXPECT_NO_THROW(require_same_model(session, kv, "x"));  // its tokens are read again
  for (std::string Running::*member :
       {&Running::hash, &Running::mode, &Running::head, &Running::compute}) {
    Running other = session.running;
    other.*member = "bf16";
    const Error error = error_of([&] { require_same_model(session, other, "x"); });
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_THAT(error.what(), HasSubstr("tiny"));
    EXPECT_THAT(error.hint(), HasSubstr("--resume=x"));
  }
}

TEST(Checksum, DoesNotDependOnPieces) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += static_cast<char>(i * 37);
  Checksum whole;
  whole.add(text);
  for (size_t piece = 1; piece < 20; ++piece) {
    Checksum sum;
    for (size_t at = 0; at < text.size(); at += piece)
      sum.add(std::string_view(text).substr(at, piece));
    EXPECT_EQ(sum.value(), whole.value()) << piece;
  }
  Checksum zeros, more;
  zeros.add(std::string(8, '\0'));
  more.add(std::string(9, '\0'));
  EXPECT_NE(zeros.value(), more.value());
}

TEST(ModelHash, IsOfTheWeightsAndNotOfTheirPlace) {
  const fs::path source = test_data() + "/checkpoints/fp32";
  const TemporaryFolder folder;
  const fs::path copy = folder.path() / "other";
  fs::copy(source, copy, fs::copy_options::recursive);
  const std::string hash = model_hash(checkpoint::Checkpoint::open(source));
  EXPECT_EQ(hash.size(), 16U);
  EXPECT_EQ(model_hash(checkpoint::Checkpoint::open(copy)), hash);
  const fs::path file = copy / "model.safetensors";
  std::string bytes = read_file(file);
  bytes[bytes.size() - 3] = static_cast<char>(bytes[bytes.size() - 3] ^ 1);
  write_file(file, bytes);
  EXPECT_NE(model_hash(checkpoint::Checkpoint::open(copy)), hash);
}

TEST(SessionStore, KnowsItsSessionsByName) {
  const TemporaryFolder folder;
  const SessionStore store(folder.path() / "sessions");
  EXPECT_TRUE(store.names().empty());
  EXPECT_EQ(error_of([&] { store.newest(); }).kind(), ErrorKind::kUsage);
  for (const char* name : {"b c", "a", "été"}) write_file(store.path_to_write(name), "x");
  EXPECT_THAT(store.names(), ElementsAre("a", "b c", "été"));
  fs::last_write_time(store.path_of("a"), fs::file_time_type::clock::now() + std::chrono::hours(1));
  EXPECT_EQ(store.newest(), "a");
  EXPECT_EQ(store.path_to_read("a"), store.path_of("a"));
  EXPECT_THAT(error_of([&] { store.path_to_read("z"); }).hint(), HasSubstr("b c"));
  for (const std::string& name : {std::string(), std::string(".x"), std::string("a/b"),
                                  std::string("a\nb"), std::string(101, 'x')})
    EXPECT_EQ(error_of([&] { store.path_of(name); }).kind(), ErrorKind::kUsage) << name;
}

}  // namespace
}  // namespace nety::talk
