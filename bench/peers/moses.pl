# Runs a Perl script of Moses from file to file, for bench/moses.ts:
#
#   perl moses.pl SCRIPT INPUT OUTPUT ARGUMENT…
#
# INPUT is its stdin, OUTPUT its stdout. Writes a line of JSON to file descriptor 3: seconds of processor time and peak
# memory in bytes of this process, including start-up.
use strict;
use warnings;

my ($input, $output);
BEGIN {    # before the script is compiled, because it looks for its data next to $0
  ($0, $input, $output) = splice @ARGV, 0, 3;
}
open STDIN, '<', $input or die "$input: $!";
open STDOUT, '>', $output or die "$output: $!";

END {
  my ($user, $system) = times;
  open my $status, '<', '/proc/self/status' or die $!;
  my ($peak) = map { /^VmHWM:\s+(\d+)/ ? $1 : () } <$status>;
  open my $figures, '>&=', 3 or die $!;
  printf $figures '{"cpuSeconds": %.3f, "peakBytes": %d}', $user + $system, 1024 * $peak;
}

package main;
no strict;
no warnings;
do $0;
die $@ if $@;
