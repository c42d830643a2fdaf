#include <support/catch.hpp>

#include <synthmed/io/csv.hpp>

using namespace synthmed;
using synthmed_test::contains;
using synthmed_test::message_of;

TEST_CASE("CSV is read with quotes, CRLF, a byte order mark and empty lines, and written back") {
  const auto table = parse_csv("\xEF\xBB\xBFname,value\r\n\"a, \"\"b\"\"\r\nc\",1.5\r\n\r\nd,-2e3\r\n");
  REQUIRE(table.rows() == 2);
  CHECK(table.at(0, 0) == "a, \"b\"\r\nc");
  CHECK(table.number(0, table.column("value")) == 1.5);
  CHECK(table.number(1, 1) == -2000);
  CHECK(table.line(1) == 5);
  CHECK(to_csv(parse_csv(to_csv(table))) == to_csv(table));
}

TEST_CASE("what is wrong with a table is said with line and column") {
  const auto refusal = [](const std::string& text) {
    return message_of<format_error>([&] { (void)parse_csv(text, "t.csv"); });
  };
  CHECK(contains(refusal(""), "t.csv is empty"));
  CHECK(contains(refusal("a,a\n"), "two columns named \"a\""));
  CHECK(contains(refusal("a,b\n1\n"), "line 2: 1 cells, but the header has 2"));
  CHECK(contains(refusal("a\n\"x\n"), "line 2: a quoted cell is never closed"));
  CHECK(contains(refusal("a\nx\"y\n"), "line 2"));
  CHECK(contains(refusal("a\n\"x\"y\n"), "line 2"));
  CHECK(contains(refusal(std::string("a\n\0\n", 4)), "zero byte"));
  const auto table = parse_csv("a,b\n1,x\nnan,inf\n", "t.csv");
  CHECK(contains(message_of<format_error>([&] { (void)table.number(0, 1); }), "line 2, column \"b\""));
  CHECK_THROWS_AS(table.number(1, 0), format_error);
  CHECK_THROWS_AS(table.number(1, 1), format_error);
  CHECK(contains(message_of<format_error>([&] { (void)table.column("c"); }), "its columns are: a, b"));
}
