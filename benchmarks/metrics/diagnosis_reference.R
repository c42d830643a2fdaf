# The same work as bench_diagnosis by R's packages: Rscript benchmarks/metrics/diagnosis_reference.R
suppressMessages(library(pROC))
set.seed(1)
data <- function(n) {
  y <- rbinom(n, 1, .25)
  list(y = y, a = rnorm(n) + y, b = rnorm(n) + 1.2 * y)
}
seconds <- function(what, expression) {
  taken <- system.time(expression)
  cat(sprintf("%-52s %9.3f s (CPU %.3f)\n", what, taken["elapsed"], taken["user.self"] + taken["sys.self"]))
}
cat(sprintf("%s, pROC %s\n", R.version.string, packageVersion("pROC")))
d <- data(1e6)
seconds("pROC ci.auc, DeLong, n = 1 000 000", ci.auc(roc(d$y, d$a, levels = c(0, 1), direction = "<"), method = "delong"))
d <- data(240)
r <- roc(d$y, d$a, levels = c(0, 1), direction = "<")
q <- roc(d$y, d$b, levels = c(0, 1), direction = "<")
seconds("pROC ci.auc, 2000 bootstraps, n = 240", ci.auc(r, method = "bootstrap", boot.n = 2000, progress = "none"))
d <- data(1000)
r <- roc(d$y, d$a, levels = c(0, 1), direction = "<")
q <- roc(d$y, d$b, levels = c(0, 1), direction = "<")
seconds("pROC roc.test, 10 000 paired bootstraps, n = 1000",
        roc.test(r, q, method = "bootstrap", boot.n = 10000, progress = "none"))
if (requireNamespace("ROCR", quietly = TRUE) && requireNamespace("boot", quietly = TRUE)) {
  suppressMessages(library(ROCR))
  d <- data(240)
  f <- function(frame, i) performance(prediction(frame$a[i], frame$y[i]), "aucpr")@y.values[[1]]
  set.seed(1337)
  seconds("ROCR aucpr through boot, 1000 bootstraps, n = 240", boot::boot(data.frame(d), f, R = 1000))
} else cat("ROCR or boot: not installed (apt-get install r-cran-rocr r-cran-boot)\n")
