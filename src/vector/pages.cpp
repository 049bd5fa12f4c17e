#include "vector/pages.h"

#include <sys/mman.h>

#include <cstdint>

#include "base/assert.h"

namespace tacit::vector {
namespace {

std::size_t whole_pages(std::size_t bytes) {
  return (bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
}

}  // namespace

void Unmap::operator()(std::byte* pages) const {
  ::munmap(pages, whole_pages(bytes));
}

// The system aligns to its own pages, so a page more is asked for and what is over given back.
Pages map_pages(std::size_t bytes) {
  const std::size_t wanted = whole_pages(bytes);
  void* const mapped = ::mmap(nullptr, wanted + kPageBytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  TACIT_ASSERT(mapped != MAP_FAILED);  // as where new finds no memory
  auto* const start = static_cast<std::byte*>(mapped);
  const std::size_t before =
      (kPageBytes - reinterpret_cast<std::uintptr_t>(mapped) % kPageBytes) % kPageBytes;
  if (before > 0) ::munmap(start, before);
  ::munmap(start + before + wanted, kPageBytes - before);
  ::madvise(start + before, wanted, MADV_HUGEPAGE);  // where it fails pages are small
  return {start + before, Unmap{bytes}};
}

}  // namespace tacit::vector
