// Writes what tests/oracle/pgan/compare.py compares with PyTorch into the folder argv[1].
#include <exception>
#include <filesystem>
#include <iostream>

namespace synthmed_oracle {
void write_double(const std::filesystem::path& folder);
void write_float(const std::filesystem::path& folder);
}  // namespace synthmed_oracle

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::cerr << "This program needs one argument, a folder to write into.\n";
    return 2;
  }
  synthmed_oracle::write_double(argv[1]);
  synthmed_oracle::write_float(argv[1]);
} catch (const std::exception& problem) {
  std::cerr << problem.what() << '\n';
  return 1;
}
