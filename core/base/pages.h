// Advice to the system about pages: what of a mapped file is read next, what of it is not needed
// again, what should lie in huge pages. Advice only: nothing but time depends on it.
#pragma once

#include <cstddef>
#include <span>

namespace nety {

/// Starts reading these bytes of a mapping in the background.
void prefetch_pages(std::span<const std::byte> bytes);
/// Takes the pages that lie wholly within these bytes of a file's mapping out of this process; they
/// stay in the system's cache.
void release_pages(std::span<const std::byte> bytes);
/// Asks for huge pages (2 MiB) under the whole ones of them within these bytes of anonymous memory,
/// now: their contents move. Where the system does not, nothing changes.
void gather_pages(std::span<const std::byte> bytes);

}  // namespace nety
