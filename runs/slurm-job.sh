# Sourced by the Slurm scripts, with the run file and the database as arguments. Runs the job under MPI, hands Slurm's
# warning signal on to it, and puts the job back into the queue if it stopped early with everything committed (75).

run_file=$1
database=${2:?expected: sbatch SCRIPT RUN.toml FILE.h5}
set -- # further options of `landscape run`
if [[ -e $database ]]; then
    set -- --resume
fi
# The first mpiexec of the PATH, here MPICH's, finds the hosts of the allocation. With a cluster's own MPI, for which
# mpi4py was built, set LAUNCHER to "srun --mpi=pmix" (Open MPI) or "srun --mpi=pmi2" (MPICH).
read -ra launcher <<<"${LAUNCHER:-mpiexec -n $SLURM_NTASKS}"
# The limit leaves a quarter of an hour of --time for the round that is under way.
"${launcher[@]}" landscape run "$run_file" -o "$database" --time-limit 3h "$@" &
job=$!
signalled=0
trap 'signalled=1; kill -TERM "$job"' TERM

status=0
wait "$job" || status=$?
while ((signalled)); do # the trap ended the waiting, not the job
    signalled=0
    status=0
    wait "$job" || status=$?
done
if ((status == 75)); then
    scontrol requeue "$SLURM_JOB_ID"
fi
exit "$status"
