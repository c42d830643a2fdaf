# Our figures against pROC's and caret's on fresh data. Exit 77 where they are not installed.
missing <- Filter(function(p) !requireNamespace(p, quietly = TRUE), c("pROC", "caret"))
if (length(missing) > 0) {
  cat(sprintf("skipped: R packages not installed: %s (apt-get install r-cran-proc r-cran-caret)\n",
              paste(missing, collapse = ", ")))
  quit(status = 77)
}
suppressMessages({library(pROC); library(caret)})
program <- commandArgs(TRUE)[1]
worst <- 0
# pROC's own example, on one scale because our Brier score wants probabilities; then fresh data, tied and not.
data(aSAH, package = "pROC")
sets <- list(list(y = as.integer(aSAH$outcome == "Poor"), a = as.numeric(aSAH$wfns) / 10, b = aSAH$s100b / 10))
for (case in list(c(1, 400, 12), c(2, 400, 2), c(3, 80, 1), c(4, 30, 3))) {
  set.seed(case[1])
  n <- case[2]
  y <- c(1, 1, 0, 0, rbinom(n - 4, 1, .35))
  clip <- function(x) round(pmin(pmax(x, .001), .999), case[3])
  a <- clip(rnorm(n, .35 + .25 * y, .2))
  b <- clip(rnorm(n, .4 + .2 * y, .2))
  sets <- c(sets, list(list(y = y, a = a, b = b)))
}
for (set in sets) {
  y <- set$y
  a <- set$a
  b <- set$b
  n <- length(y)
  file <- tempfile(fileext = ".csv")
  write.csv(data.frame(y = y, a = sprintf("%.17g", a), b = sprintf("%.17g", b)), file, row.names = FALSE, quote = FALSE)
  lines <- strsplit(system2(program, shQuote(file), stdout = TRUE), ",")
  ours <- setNames(as.numeric(sapply(lines, `[`, 2)), sapply(lines, `[`, 1))
  if (n == nrow(aSAH)) stopifnot(abs(ours[["paired_z"]] - 2.20898359144091) < 1e-12,  # printed in pROC's own tests
                                 abs(ours[["paired_p"]] - 0.0271757822291882) < 1e-12)
  ra <- roc(y, a, levels = c(0, 1), direction = "<", quiet = TRUE)
  rb <- roc(y, b, levels = c(0, 1), direction = "<", quiet = TRUE)
  ci <- as.numeric(ci.auc(ra, method = "delong"))
  paired <- roc.test(ra, rb, method = "delong", paired = TRUE)
  unpaired <- suppressWarnings(roc.test(ra, rb, method = "delong", paired = FALSE))
  set.seed(42)
  boot <- roc.test(ra, rb, method = "bootstrap", paired = TRUE, boot.n = 300, boot.stratified = TRUE, progress = "none")
  set.seed(42)
  limits <- as.numeric(ci.auc(ra, method = "bootstrap", boot.n = 300, boot.stratified = TRUE, progress = "none"))
  level <- c("0", "1")
  m <- confusionMatrix(factor(as.integer(a >= .5), level), factor(y, level), positive = "1", mode = "everything")
  best <- coords(ra, "best", best.method = "youden", ret = c("threshold", "specificity", "sensitivity"),
                 transpose = FALSE)[1, ]
  theirs <- c(auc = as.numeric(auc(ra)), delong_low = ci[1], delong_high = ci[3],
              paired_z = unname(paired$statistic), paired_p = paired$p.value,
              unpaired_d = unname(unpaired$statistic), unpaired_df = unname(unpaired$parameter),
              unpaired_p = unpaired$p.value, bootstrap_d = unname(boot$statistic),
              bootstrap_low = limits[1], bootstrap_high = limits[3],
              pauc_sens = as.numeric(auc(ra, partial.auc = c(1, .8), partial.auc.focus = "sens")),
              youden_threshold = best$threshold, youden_sensitivity = best$sensitivity,
              youden_specificity = best$specificity,
              accuracy = unname(m$overall["Accuracy"]), kappa = unname(m$overall["Kappa"]),
              accuracy_low = unname(m$overall["AccuracyLower"]), accuracy_high = unname(m$overall["AccuracyUpper"]),
              nir = unname(m$overall["AccuracyNull"]), accuracy_p = unname(m$overall["AccuracyPValue"]),
              mcnemar_p = unname(m$overall["McnemarPValue"]), sensitivity = unname(m$byClass["Sensitivity"]),
              specificity = unname(m$byClass["Specificity"]), ppv = unname(m$byClass["Pos Pred Value"]),
              npv = unname(m$byClass["Neg Pred Value"]), f1 = unname(m$byClass["F1"]))
  for (key in names(theirs)) {
    gap <- abs(ours[[key]] - theirs[[key]]) / max(abs(theirs[[key]]), 1e-3)
    if (is.na(theirs[[key]]) && is.na(ours[[key]])) gap <- 0
    if (is.na(gap) || gap > 1e-10) {
      cat(sprintf("n = %d, %s: ours %.17g, R's %.17g\n", n, key, ours[[key]], theirs[[key]]))
      quit(status = 1)
    }
    worst <- max(worst, gap)
  }
}
cat(sprintf("pROC %s, caret %s: 5 data sets, %d figures each, largest relative difference %.2g\n",
            packageVersion("pROC"), packageVersion("caret"), length(theirs), worst))
