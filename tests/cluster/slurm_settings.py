"""What the cluster of these tests is: files of settings, with {names} to fill in."""

CPUS, MEMORY_MB, GPUS = 8, 64_000, 2
CPU_MINUTES, GPU_MINUTES = 600, 6000  # longest time limits of the partitions

SLURM_CONF = """\
ClusterName=prism
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={slurmctld}
SlurmdPort={slurmd}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={folder}/slurmctld
SlurmdSpoolDir={folder}/slurmd
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
# No cgroups: memory is sampled each second, and a job above its request is killed.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
# The node claims more than the machine has: nothing here uses it up.
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
# A job above its partition's limits is refused, not left waiting for ever.
EnforcePartLimits=ALL
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=2,sched_min_interval=0
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
MinJobAge=3600
InactiveLimit=0
KillWait=30
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=localhost
AccountingStoragePort={slurmdbd}
AccountingStoragePass={folder}/munge.socket
AccountingStorageTRES=gres/gpu
AccountingStoreFlags=job_comment
# What a GPU job sees, for the tests.
TaskProlog={folder}/task_prolog
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 NodeHostname={host} CPUs={cpus} RealMemory={memory} Gres=gpu:{gpus} State=UNKNOWN
PartitionName=cpu Nodes={host} Default=YES MaxTime={cpu_minutes} DefaultTime=10 State=UP
PartitionName=gpu Nodes={host} MaxTime={gpu_minutes} DefaultTime=10 State=UP
"""
SLURMDBD_CONF = """\
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
DbdHost=localhost
DbdPort={slurmdbd}
SlurmUser=root
LogFile={folder}/slurmdbd.log
PidFile={folder}/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={mariadb}
StorageUser=slurm
StoragePass=slurm
StorageLoc=slurm_acct_db
CommunicationParameters=NoInAddrAny
"""
# One line a task: job and the GPUs that Slurm gave it.
TASK_PROLOG = """\
#!/bin/sh
echo "$SLURM_JOB_ID ${{CUDA_VISIBLE_DEVICES:-none}}" >> {folder}/visible_gpus.txt
"""
ACCOUNTS = (
    "CREATE DATABASE IF NOT EXISTS slurm_acct_db; "
    "CREATE USER IF NOT EXISTS 'slurm'@'127.0.0.1' IDENTIFIED BY 'slurm'; "
    "CREATE USER IF NOT EXISTS 'slurm'@'localhost' IDENTIFIED BY 'slurm'; "
    "GRANT ALL ON slurm_acct_db.* TO 'slurm'@'127.0.0.1'; "
    "GRANT ALL ON slurm_acct_db.* TO 'slurm'@'localhost';"
)
