// Plots as SVG text, from plain data: what the study's report and the metric programs draw.
// Every function returns a complete document: colours of Okabe and Ito (2008) for light and dark pages, an accessible
// name and description, escaped text, and the same bytes for the same data.
#pragma once

#include <synthmed/report/plot/confusion.hpp>
#include <synthmed/report/plot/curves.hpp>
#include <synthmed/report/plot/histogram.hpp>
#include <synthmed/report/plot/scatter.hpp>
