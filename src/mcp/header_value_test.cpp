#include "mcp/header_value.h"

#include <gtest/gtest.h>

namespace tacit::mcp {
namespace {

TEST(HeaderValue, PlainTextStandsForItselfWithoutBlanksAround) {
  EXPECT_EQ(decode_header_value("memory_search"), "memory_search");
  EXPECT_EQ(decode_header_value("  memory_get\t"), "memory_get");
  EXPECT_EQ(decode_header_value("SGVsbG8="), "SGVsbG8=");
  EXPECT_EQ(decode_header_value("=?base64?SGVsbG8="), "=?base64?SGVsbG8=");
  EXPECT_EQ(decode_header_value("=?BASE64?SGVsbG8=?="), "=?BASE64?SGVsbG8=?=");
  EXPECT_EQ(decode_header_value(""), "");
}

TEST(HeaderValue, MarkedTextIsDecoded) {
  EXPECT_EQ(decode_header_value("=?base64?SGVsbG8=?="), "Hello");
  EXPECT_EQ(decode_header_value("=?base64?SGVsbG8sIOS4lueVjA==?="),
            "Hello, \xE4\xB8\x96\xE7\x95\x8C");
  EXPECT_EQ(decode_header_value("=?base64?bGluZTEKbGluZTI=?="), "line1\nline2");
  EXPECT_EQ(decode_header_value("=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="), "=?base64?literal?=");
  EXPECT_EQ(decode_header_value("=?base64?"
                                "?="),
            "");
}

TEST(HeaderValue, WhatIsNotBase64OrNotPlainIsRefused) {
  for (const char* value : {"=?base64?SGVsbG8?=", "=?base64?SGVs!!!bG8=?=", "=?base64?SGVsbG9=?=",
                            "=?base64?S===?=", "=?base64?SGVs bG8=?=", "caf\xC3\xA9", "a\x01"}) {
    EXPECT_FALSE(decode_header_value(value).has_value()) << value;
  }
}

}  // namespace
}  // namespace tacit::mcp
