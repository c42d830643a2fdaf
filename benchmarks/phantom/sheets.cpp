// Writes one contact sheet per class: photographs above their vessel maps, one image per subject.
//   phantom_sheets FOLDER [seed]        makes FOLDER/phantom_{normal,pre-plus,plus}.png
#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include <synthmed/data/phantom.hpp>
#include <synthmed/imaging/contact_sheet.hpp>
#include <synthmed/imaging/write.hpp>
#include <synthmed/io/file.hpp>

using namespace synthmed;

int main(int argc, char** argv) try {
  if (argc < 2) throw argument_error("phantom_sheets needs the folder to write to.");
  const std::filesystem::path folder = argv[1];
  make_folder(folder);
  const phantom_population population({.seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1,
                                       .subjects = 200,
                                       .enrichment = 1,
                                       .sessions = {1, 0, 0, 0}});
  for (const diagnosis wanted : {diagnosis::normal, diagnosis::pre_plus, diagnosis::plus}) {
    std::vector<picture> photographs, maps;
    for (std::size_t i = 0; i < population.images().size() && photographs.size() < 4; i += 2) {
      if (population.image(i + photographs.size() % 2).label != wanted) continue;
      phantom_image image = render(population, i + photographs.size() % 2);
      photographs.push_back(std::move(image.photograph));
      maps.push_back(std::move(image.vessels));
    }
    photographs.insert(photographs.end(), maps.begin(), maps.end());
    const picture page = contact_sheet(photographs, {}, {.columns = 4, .height = 180, .width = 240, .gap = 2});
    write_png(folder / ("phantom_" + to_string(wanted) + ".png"), page, 9);
  }
  return 0;
} catch (const std::exception& problem) {
  std::fprintf(stderr, "%s\n", problem.what());
  return 2;
}
