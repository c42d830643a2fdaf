// Tables of predictions: both forms of header, the names of classes, and sentences for what does not fit.
#include "golden.hpp"

#include <synthmed/metrics/predictions.hpp>

using namespace synthmed;

namespace {
prediction_table read(const std::string& text) { return read_predictions(parse_csv(text, "t.csv")); }
std::string refused(const std::string& text) {
  return synthmed_test::message_of<format_error>([&] { (void)read(text); });
}
}  // namespace

TEST_CASE("both header forms and any order of columns", "[predictions]") {
  const auto a = read("label,prediction,p1,p2,subject\n1,2,.3,.7,x\n2,2,.1,.9,y\n");
  CHECK(a.classes == std::vector<std::string>{"1", "2"});
  CHECK(a.truth == std::vector<int>{0, 1});
  CHECK(a.call == std::vector<int>{1, 1});
  CHECK(a.subject == std::vector<std::string>{"x", "y"});
  CHECK(a.column(1) == std::vector<double>{.7, .9});
  CHECK(a.is_class(1) == std::vector<int>{0, 1});
  const auto b = read("image_path,label,prediction,1,2,3\nx.png,3,1,.5,.2,.3\ny.png,1,1,.8,.1,.1\n");
  CHECK(b.classes.size() == 3);
  CHECK(b.id == std::vector<std::string>{"x.png", "y.png"});
  CHECK(b.clusters().count() == 2);
  const auto c = read("p_plus,prediction,label,p_normal\n.2,normal,plus,.8\n");
  CHECK(c.classes == std::vector<std::string>{"plus", "normal"});
  CHECK(c.truth == std::vector<int>{0});
  CHECK(read("\"\",label,prediction,p1,p2\n7,1,1,.9,.1\n").cases() == 1);  // R's and pandas' row numbers
}

TEST_CASE("classes counted from 0, and classes told from the predictions", "[predictions]") {
  const auto zero = read("label,prediction,p1,p2,p3\n0,1,.2,.5,.3\n2,2,.1,.2,.7\n");
  CHECK(zero.classes == std::vector<std::string>{"0", "1", "2"});
  CHECK(zero.truth == std::vector<int>{0, 2});
  const auto named = read("label,prediction,p1,p2\nplus,normal,.6,.4\nnormal,plus,.1,.9\n");
  CHECK(named.classes == std::vector<std::string>{"normal", "plus"});
  CHECK(named.truth == std::vector<int>{1, 0});
}

TEST_CASE("what does not fit is said with its place", "[predictions]") {
  using synthmed_test::contains;
  CHECK(contains(refused("label,p1,p2\n1,.5,.5\n"), "no column \"prediction\""));
  CHECK(contains(refused("label,prediction,p1\n1,1,1\n"), "at least two"));
  CHECK(contains(refused("label,prediction,p1,2\n1,1,.5,.5\n"), "titled all"));
  CHECK(contains(refused("label,prediction,p1,p2,age\n1,1,.5,.5,3\n"), "column \"age\" is none of"));
  CHECK(contains(refused("label,prediction,p1,p2\n"), "no cases"));
  CHECK(contains(refused("label,prediction,p1,p2\n1,1,.5,1.5\n"), "line 2, column \"p2\""));
  CHECK(contains(refused("label,prediction,p1,p2\n1,1,.5,nan\n"), "finite number"));
  CHECK(contains(refused("label,prediction,p1,p2\n0,2,.5,.5\n"), "labels 0 and 2"));
  CHECK(contains(refused("label,prediction,p_a,p_b\nc,a,.5,.5\n"), "expected a class (a, b), got \"c\""));
  CHECK(contains(refused("label,prediction,p1,p2\nx,x,.9,.1\nx,y,.9,.1\n"), "cannot be told"));
  CHECK(contains(refused("label,prediction,p1,p2\nx,x,.9,.1\n"), "no row predicts"));
  CHECK(contains(refused("label,prediction,p1,p2,subject\n1,1,.5,.5,\n"), "subject is empty"));
}

TEST_CASE("two tables are brought into one order, or refused", "[predictions]") {
  const auto a = read("id,label,prediction,p1,p2\nx,1,1,.9,.1\ny,2,2,.2,.8\n");
  const auto b = aligned(a, read("id,label,prediction,p1,p2\ny,2,1,.6,.4\nx,1,1,.7,.3\n"));
  CHECK(b.id == a.id);
  CHECK(b.column(0) == std::vector<double>{.7, .6});
  const auto why = [&](const std::string& text) {
    return synthmed_test::message_of<format_error>([&] { (void)aligned(a, read(text)); });
  };
  using synthmed_test::contains;
  CHECK(contains(why("id,label,prediction,p1,p2\nx,1,1,.7,.3\n"), "the first has 2, the second 1"));
  CHECK(contains(why("id,label,prediction,p1,p2\nx,1,1,.7,.3\nz,2,1,.6,.4\n"), "lacks \"y\""));
  CHECK(contains(why("id,label,prediction,p1,p2\nx,1,1,.7,.3\nx,2,1,.6,.4\n"), "twice"));
  CHECK(contains(why("id,label,prediction,p1,p2\nx,2,1,.7,.3\ny,2,1,.6,.4\n"), "labelled \"1\""));
  CHECK(contains(why("label,prediction,p1,p2,p3\n1,3,.7,.1,.9\n2,1,.6,.2,.2\n"), "classes differ"));
}
