// Fuzzes the CSV reader: whatever the text, it answers with a table or a sentence, and a table survives a round trip.
#include <fuzz/fuzz.hpp>

#include <stdexcept>

#include <synthmed/io/csv.hpp>

int main(int argc, char** argv) {
  const std::vector<std::string> inputs{"a,b\n1,2\n3,4\n",
                                        "image,label\r\n\"a b.png\",plus\r\n\"c \"\"d\"\"\",normal\r\n", "x\n\n1\n"};
  return synthmed_test::fuzz(argc, argv, inputs, 40000, [](const std::string& text) {
    const auto table = synthmed::parse_csv(text, "fuzz");
    // A column of empty names only cannot be told from an empty line; everything else comes back.
    if (table.columns() == 1) return;
    const auto written = synthmed::to_csv(table);
    if (synthmed::to_csv(synthmed::parse_csv(written, "again")) != written)
      throw std::logic_error("the round trip differs");
  });
}
