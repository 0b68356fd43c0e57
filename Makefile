# Two commands are enough: `make demo` and `make test`. Each sets itself up in .venv.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

VENV := .venv
BIN := $(VENV)/bin
STEP := @tools/step.sh
PIP := $(BIN)/python -m pip install --quiet --quiet

# stamps: each says that a set of requirements is installed
RUN := $(VENV)/.run
TRAIN := $(VENV)/.train
TEST := $(VENV)/.test
GL := $(VENV)/.gl
BROWSER := $(VENV)/.browser

# the same tests on ROS 2 Kilted, in an environment of its own: two distros would mix
VENV_KILTED := .venv-kilted
KILTED := $(VENV_KILTED)/.test
# what `make test` runs of them: every kind of message, topic, service, parameter and transition
KILTED_CORE := test/distros $(addprefix test/ros/test_, messages.py convert.py params.py \
    humble.py command_gate.py gate_lifecycle.py look.py)

MODEL ?= models/warehouse_ceiling
SEED ?= 0
EPISODES ?= 200
INPUTS ?= 100000
MINUTES ?= 10
N ?= 15
CAMERA ?= ceiling
FACTOR ?= 1
DRIVES ?= data/drives
TARGET ?=

# A sourced ROS installation must not mix with the wheels in .venv.
unexport PYTHONPATH PYTHONHOME AMENT_PREFIX_PATH COLCON_PREFIX_PATH RMW_IMPLEMENTATION
unexport _ROS_WHEELS_BOOTSTRAP_COMPLETE
ifneq ($(ROS_DISTRO),)
unexport LD_LIBRARY_PATH ROS_DISTRO
endif

WITH_GL := MUJOCO_GL=$${MUJOCO_GL:-$$(cat $(GL))}

.PHONY: help demo test test-kilted faults soak drives fuzz lint model model-front baseline eval setup clean distclean

help: ## Show this list
	@echo 'jepa_ros: show a robot a picture of a place, and it drives there.'
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile
	@echo
	@echo '  make demo ARGS="--seed 3 --out DIR"   hands options on to: jepa demo'
	@echo '  make PYTHON=/path/to/python3.12 ...   names the Python for .venv (3.10 to 3.13)'

demo: $(RUN) $(GL) ## Drive the simulated robot to a goal picture; film and report in out/
	@$(WITH_GL) $(BIN)/jepa demo $(ARGS)

test: $(RUN) $(TRAIN) $(TEST) $(GL) $(BROWSER) $(KILTED) ## Check style and types, then run every test
	$(STEP) 'ruff' $(BIN)/ruff check .
	$(STEP) 'flake8, as ament runs it' $(BIN)/flake8 --config tools/flake8.ini .
	$(STEP) 'mypy' $(BIN)/mypy
	$(STEP) 'pytest on Kilted, the core' env $(WITH_GL) $(VENV_KILTED)/bin/python -m pytest $(KILTED_CORE)
	$(STEP) 'pytest' env $(WITH_GL) $(BIN)/python -m pytest --durations=10 $(ARGS)

test-kilted: $(RUN) $(GL) $(KILTED) ## Run the tests of nodes and messages on ROS 2 Kilted
	$(STEP) 'pytest on Kilted' env $(WITH_GL) $(VENV_KILTED)/bin/python -m pytest --durations=10 \
	    test/ros test/distros $(ARGS)

faults: $(RUN) $(TEST) $(GL) ## Inject every fault into the live graph; report in out/
	@$(WITH_GL) $(BIN)/python test/faults/run_all.py $(ARGS)

soak: $(RUN) $(TEST) $(GL) ## Drive for MINUTES=10 with random faults; report in out/
	@$(WITH_GL) $(BIN)/python test/faults/soak.py --minutes $(MINUTES) --seed $(SEED) $(ARGS)

drives: MINUTES := 2
drives: $(RUN) $(GL) ## Record N=15 bags of MINUTES=2, CAMERA=ceiling, FACTOR=1, in DRIVES (resumes)
	@$(WITH_GL) $(BIN)/python tools/record_drives.py --out $(DRIVES) --bags $(N) --minutes $(MINUTES) \
	    --camera $(CAMERA) --factor $(FACTOR) --seed $(SEED) $(ARGS)

fuzz: $(RUN) $(TRAIN) $(TEST) ## Feed everything that reads from outside with wrong inputs
	@$(BIN)/python test/fuzz/fuzz_all.py --inputs $(INPUTS) --seed $(SEED) --target '$(TARGET)'

lint: $(RUN) $(TRAIN) $(TEST) ## Check style and types only
	$(STEP) 'ruff' $(BIN)/ruff check .
	$(STEP) 'flake8, as ament runs it' $(BIN)/flake8 --config tools/flake8.ini .
	$(STEP) 'mypy' $(BIN)/mypy

model: $(RUN) $(TRAIN) $(GL) ## Collect, train and export models/warehouse_ceiling (resumes)
	$(STEP) 'jepa collect' env $(WITH_GL) $(BIN)/jepa collect --seed $(SEED)
	$(STEP) 'jepa train' $(BIN)/jepa train --seed $(SEED)
	$(STEP) 'jepa export' $(BIN)/jepa export --out $(MODEL)

model-front: $(RUN) $(TRAIN) $(GL) ## Record drives, train and export models/warehouse_front (resumes)
	@$(WITH_GL) $(BIN)/python tools/record_drives.py --out data/drives_front --bags 104 --minutes 1.25 \
	    --camera front --width 128 --height 96 --encoding rgb8 --factor 4 --seed 1000
	$(STEP) 'jepa train' $(BIN)/torchrun --nproc-per-node 2 -m jepa_ros.cli.main train \
	    --config config/train_front.yaml --bag data/drives_front/drive_* --out runs/warehouse_front
	$(STEP) 'jepa export' $(BIN)/jepa export --graphs-only --run runs/warehouse_front \
	    --out models/warehouse_front

baseline: $(RUN) $(TRAIN) $(GL) ## Train the random-encoder baseline that `make eval` wants
	$(STEP) 'jepa collect' env $(WITH_GL) $(BIN)/jepa collect --seed $(SEED)
	$(STEP) 'jepa train' $(BIN)/jepa train --seed $(SEED) --random-encoder --out runs/random_encoder
	$(STEP) 'jepa export' $(BIN)/jepa export --weights-only --run runs/random_encoder \
	    --out models/baselines/random_encoder

eval: $(RUN) $(TRAIN) $(GL) ## Measure success over 200 episodes, with baselines; prints JSON
	@$(WITH_GL) $(BIN)/jepa eval --model $(MODEL) --episodes $(EPISODES) --json $(ARGS)

setup: $(RUN) $(TRAIN) $(TEST) $(GL) ## Only set up .venv, for work on the code

clean: ## Remove what runs and builds left, keep .venv and data
	rm -rf out build install log *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)*' -type d -prune -exec rm -rf {} +

distclean: clean ## Remove .venv and .venv-kilted too
	rm -rf $(VENV) $(VENV_KILTED)

$(VENV)/.made: tools/make_venv.sh tools/find_python.sh
	$(STEP) 'Making $(VENV)' tools/make_venv.sh $(VENV)
	@touch $@

$(RUN): $(VENV)/.made requirements/robot.txt requirements/ros.txt requirements/sim.txt setup.py
	$(STEP) 'Installing ROS 2 Jazzy wheels, MuJoCo and ONNX Runtime (about 1 minute)' \
	    $(PIP) -r requirements/robot.txt -r requirements/ros.txt -r requirements/sim.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(TRAIN): $(RUN) requirements/train.txt
	$(STEP) 'Installing PyTorch for training (1 to 5 minutes, by the network)' \
	    $(PIP) -r requirements/robot.txt -r requirements/train.txt
	@touch $@

# with TensorRT, so that what a GPU will run is built and looked at on machines without one
$(TEST): $(RUN) requirements/test.txt requirements/tensorrt.txt requirements/signing.txt \
    requirements/import.txt requirements/watch.txt requirements/rerun.txt
	$(STEP) 'Installing the test tools, TensorRT and transformers (about a minute)' \
	    $(PIP) -c requirements/train.txt -r requirements/robot.txt -r requirements/test.txt \
	    -r requirements/tensorrt.txt -r requirements/signing.txt -r requirements/import.txt \
	    -r requirements/watch.txt -r requirements/rerun.txt
	@touch $@

# for the tests of the page of jepa watch, which are skipped where there can be none
$(BROWSER): $(VENV)/.made tools/apt_install.sh
	@command -v chromium chromium-browser google-chrome >/dev/null || \
	    tools/apt_install.sh 'a look at pages in the tests, which go on without it' chromium || true
	@touch $@

$(GL): $(RUN) tools/setup_gl.sh tools/check_gl.py
	$(STEP) 'Looking for a way to render without a screen' \
	    tools/setup_gl.sh $(BIN)/python $@

$(KILTED): tools/make_venv.sh tools/find_python.sh requirements/robot.txt \
    requirements/ros-kilted.txt requirements/sim.txt requirements/signing.txt requirements/test.txt
	$(STEP) 'Making $(VENV_KILTED)' tools/make_venv.sh $(VENV_KILTED)
	$(STEP) 'Installing ROS 2 Kilted wheels (about a minute)' \
	    $(VENV_KILTED)/bin/python -m pip install --quiet --quiet -c requirements/test.txt \
	    -r requirements/robot.txt -r requirements/ros-kilted.txt -r requirements/sim.txt \
	    -r requirements/signing.txt pytest pytest-timeout hypothesis
	@$(VENV_KILTED)/bin/python -m pip install --quiet --quiet --no-deps --no-build-isolation -e .
	@touch $@
